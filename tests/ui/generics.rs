use kvs::Settings;

#[derive(Settings)]
struct Borrowed<'a> {
    name: &'a str,
}

#[derive(Settings)]
struct Generic<T> {
    value: T,
}

#[derive(Settings)]
struct Sized<const N: usize>
where
    [u8; N]: Default,
{
    value: [u8; N],
}

fn main() {}
