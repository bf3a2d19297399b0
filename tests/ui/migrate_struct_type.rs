use kvs::Settings;

#[derive(Settings)]
#[settings(migrate(from("old": u8, "older": u16), with = Self::unpack))]
struct Net {
    a: u32,
}

impl Net {
    fn unpack(&mut self, (old, older): (u8, u16)) {
        self.a = u32::from(old) + u32::from(older);
    }
}

fn main() {}
