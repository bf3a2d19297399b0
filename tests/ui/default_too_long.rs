use kvs::Settings;

const CAPACITY: usize = 8;
type Name = heapless::String<4>;
type Title = heapless::String<{ CAPACITY * 2 }>;

mod label {
    pub(super) type Label = Option<heapless::String<3>>;
}

#[derive(Settings)]
struct Net {
    #[setting(default = "living room")]
    name: heapless::String<8>,
    #[setting(default = "living room")]
    other: heapless::String<CAPACITY>,
    #[setting(default = "livingro")]
    fits: heapless::String<8>,
    #[setting(default = "hello")]
    alias: Name,
    #[setting(default = "hell")]
    alias_fits: Name,
    #[setting(default = "the old living room")]
    computed: Title,
    #[setting(default = Some("four"))]
    option: label::Label,
    #[setting(default = Some("Grüße"))]
    umlauts: Option<heapless::String<6>>,
    #[setting(default = Some("Grüße"))]
    umlauts_fit: Option<heapless::String<7>>,
    #[setting(default = "hello", skip)]
    skipped: Name,
}

fn main() {}
