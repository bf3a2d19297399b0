// Where the type as it is written does not tell, the compiler does.
use kvs::Settings;

type Maybe = Option<u8>;
type Name = heapless::String<8>;

#[derive(Settings)]
struct Net {
    #[setting(range = 1..=5)]
    digit: Maybe,
    #[setting(range = "a".."z")]
    name: Name,
    #[setting(range = 1..=5)]
    list: heapless::Vec<u8, 4>,
}

fn main() {}
