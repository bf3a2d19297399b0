// Where the type as it is written does not tell, the compiler does.
use kvs::Settings;

type Level = u16;
type Maybe = Option<u8>;
type Name = heapless::String<8>;

const NAME: &str = "name";

#[derive(Default, serde::Serialize, serde::Deserialize, postcard_schema::Schema)]
struct Own(u8);

#[derive(Settings)]
struct Net {
    #[setting(default = "five")]
    level: Level,
    #[setting(default = "five")]
    maybe: Maybe,
    #[setting(default = "own")]
    own: Own,
    #[setting(default = NAME)]
    name: Name,
}

fn main() {}
