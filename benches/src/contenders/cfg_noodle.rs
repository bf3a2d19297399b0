//! `cfg-noodle`: a node for each setting, with minicbor for the values. A save writes all of them.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use cfg_noodle::minicbor::decode::{self, Decode, Decoder};
use cfg_noodle::minicbor::encode::{self, CborLen, Encode, Encoder, Write};
use cfg_noodle::mutex::raw_impls::cs::CriticalSectionRawMutex;
use cfg_noodle::sequential_storage::cache::{Cache, Uncached};
use cfg_noodle::{StorageList, StorageListNode, StorageListNodeHandle, flash};

use super::block_on::block_on;
use super::kvs_raw::sectors;
use super::name;
use crate::chip::Chip;
use crate::model::{Layout, Model};
use crate::store::{Outcome, Store, Why};

/// Keeps one record, that is: no older ones.
const RECORDS: usize = 1;
/// For the largest element.
const BUFFER: usize = 256;

type List = StorageList<CriticalSectionRawMutex, RECORDS>;
type Node = StorageListNode<Value>;
type Handle = StorageListNodeHandle<Value, CriticalSectionRawMutex, RECORDS>;
type Storage<const W: usize, const E: usize> =
    flash::Flash<Chip<W, E>, Cache<Uncached, Uncached, Uncached, ()>>;

/// Bytes for minicbor; empty where nothing is stored.
#[derive(Clone, Default)]
struct Value(heapless::Vec<u8, 128>);

impl<C> Encode<C> for Value {
    fn encode<T: Write>(
        &self,
        encoder: &mut Encoder<T>,
        _: &mut C,
    ) -> Result<(), encode::Error<T::Error>> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Value {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let bytes = heapless::Vec::from_slice(decoder.bytes()?);
        bytes
            .map(Self)
            .map_err(|_| decode::Error::message("too long"))
    }
}

impl<C> CborLen<C> for Value {
    fn cbor_len(&self, context: &mut C) -> usize {
        self.0.len().cbor_len(context) + self.0.len()
    }
}

/// Mounts it.
pub(super) fn mount<const W: usize, const E: usize>(
    chip: Chip<W, E>,
    layout: &Layout,
) -> Outcome<Box<dyn Store>> {
    let range = 0..(sectors(&chip) * E) as u32;
    let mut storage =
        flash::Flash::try_new(chip, range, Cache::new_uncached()).map_err(Why::error)?;
    let mut buffer = [0; BUFFER];
    let list: &'static List = Box::leak(Box::new(List::new()));
    let handles = attach(list, &mut storage, &mut buffer, layout.count())?;
    Ok(Box::new(Noodle {
        list,
        handles,
        storage,
        buffer,
    }))
}

type Attaching = Pin<Box<dyn Future<Output = Result<Handle, cfg_noodle::error::Error>>>>;

/// Attaching waits for the list to be read, so all of it has to go on at the same time.
fn attach<const W: usize, const E: usize>(
    list: &'static List,
    storage: &mut Storage<W, E>,
    buffer: &mut [u8],
    count: usize,
) -> Outcome<Vec<Handle>> {
    let context = &mut Context::from_waker(Waker::noop());
    let mut nodes: Vec<Attaching> = (0..count)
        .map(|key| {
            let node: &'static Node = Box::leak(Box::new(Node::new(name(key).leak())));
            Box::pin(node.attach(list)) as Attaching
        })
        .collect();
    for node in &mut nodes {
        if let Poll::Ready(Err(error)) = node.as_mut().poll(context) {
            return Err(Why::error(error));
        }
    }
    block_on(list.process_reads(storage, buffer)).map_err(Why::error)?;
    nodes
        .into_iter()
        .map(|node| block_on(pin!(node)).map_err(Why::error))
        .collect()
}

struct Noodle<const W: usize, const E: usize> {
    list: &'static List,
    handles: Vec<Handle>,
    storage: Storage<W, E>,
    buffer: [u8; BUFFER],
}

impl<const W: usize, const E: usize> Store for Noodle<W, E> {
    /// A list wants its garbage collected after its first read and each write; then it can be written.
    fn save(&mut self, model: &Model, changed: &[usize]) -> Outcome<()> {
        block_on(async {
            for &key in changed {
                let value = heapless::Vec::from_slice(&model.values[key]).map(Value);
                let value = value.map_err(Why::error)?;
                self.handles[key].write(&value).await.map_err(Why::error)?;
            }
            let collected = self
                .list
                .process_garbage(&mut self.storage, &mut self.buffer);
            collected.await.map_err(why)?;
            let written = self
                .list
                .process_writes(&mut self.storage, &mut self.buffer);
            written.await.map_err(why).map(|_| ())
        })
    }

    fn get(&mut self, key: usize) -> Outcome<Option<Vec<u8>>> {
        let value = self.handles[key].load().0;
        Ok((!value.is_empty()).then(|| value.to_vec()))
    }

    fn ram(&self) -> usize {
        let nodes = self.handles.len() * (size_of::<Node>() + size_of::<Handle>());
        size_of::<List>() + nodes + size_of::<Storage<W, E>>() - size_of::<Chip<W, E>>() + BUFFER
    }
}

/// The reason behind an error, which has the flash's own inside.
fn why(error: impl std::fmt::Debug) -> Why {
    if format!("{error:?}").contains("FullStorage") {
        Why::Full
    } else {
        Why::error(error)
    }
}
