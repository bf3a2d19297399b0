//! A string for minicbor, which knows none of heapless's.

use cfg_noodle::minicbor::decode::{self, Decode, Decoder};
use cfg_noodle::minicbor::encode::{self, CborLen, Encode, Encoder, Write};
use heapless::String;

#[derive(Clone, Default)]
pub struct Name(pub String<32>);

impl<C> Encode<C> for Name {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        self.0.as_str().encode(encoder, context)
    }
}

impl<'b, C> Decode<'b, C> for Name {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let name = decoder.str()?.try_into();
        name.map(Self)
            .map_err(|_| decode::Error::message("too long"))
    }
}

impl<C> CborLen<C> for Name {
    fn cbor_len(&self, context: &mut C) -> usize {
        self.0.as_str().cbor_len(context)
    }
}
