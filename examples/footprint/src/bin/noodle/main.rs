//! `cfg-noodle`: a node for each setting in statics, with minicbor for the values. A save writes all of them.
#![no_std]
#![no_main]

mod name;

use app::{Bench, Cost, Device, Flash, PARTITION};
use cfg_noodle::minicbor::bytes::ByteArray;
use cfg_noodle::mutex::raw_impls::cs::CriticalSectionRawMutex;
use cfg_noodle::sequential_storage::cache::{Cache, Uncached};
use cfg_noodle::{StorageList, StorageListNode, StorageListNodeHandle, flash};
// A lock of the processor's interrupts, which the list's mutex is made of.
use cortex_m as _;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_futures::block_on;
use embassy_futures::join::{join, join4};
use name::Name;

/// Keeps one record, that is: no older ones.
const RECORDS: usize = 1;
type List = StorageList<CriticalSectionRawMutex, RECORDS>;
type Handle<T> = StorageListNodeHandle<T, CriticalSectionRawMutex, RECORDS>;
type Storage = flash::Flash<BlockingAsync<Flash>, Cache<Uncached, Uncached, Uncached, ()>>;

/// For the largest element.
type Buffer = [u8; 64];

struct Nodes {
    list: List,
    counter: StorageListNode<u32>,
    enabled: StorageListNode<bool>,
    brightness: StorageListNode<u8>,
    offset: StorageListNode<i16>,
    gain: StorageListNode<f32>,
    serial: StorageListNode<u64>,
    name: StorageListNode<Name>,
    token: StorageListNode<ByteArray<16>>,
}

impl Nodes {
    const fn new() -> Self {
        Self {
            list: List::new(),
            counter: StorageListNode::new("counter"),
            enabled: StorageListNode::new("enabled"),
            brightness: StorageListNode::new("brightness"),
            offset: StorageListNode::new("offset"),
            gain: StorageListNode::new("gain"),
            serial: StorageListNode::new("serial"),
            name: StorageListNode::new("name"),
            token: StorageListNode::new("token"),
        }
    }
}

struct Handles {
    counter: Handle<u32>,
    enabled: Handle<bool>,
    brightness: Handle<u8>,
    offset: Handle<i16>,
    gain: Handle<f32>,
    serial: Handle<u64>,
    name: Handle<Name>,
    token: Handle<ByteArray<16>>,
}

static NODES: Nodes = Nodes::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let buffer: &mut Buffer = &mut [0; _];
    let mut storage = storage();
    #[cfg(feature = "all")]
    bench.seeded(app::erase_all() && store_all(&mut storage, buffer));

    let (mut handles, device) = bench.load(|| {
        let Some(handles) = attach(&NODES, &mut storage, buffer) else {
            app::exit()
        };
        let device = load(&handles);
        (handles, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| save(&mut handles, &mut storage, buffer, value));
    bench.get(|| Some(handles.counter.load()));
    bench.churn(|value| save(&mut handles, &mut storage, buffer, value));
    let cost = Cost {
        store: size_of::<Nodes>() + size_of::<Handles>() + size_of::<Storage>(),
        buffer: size_of::<Buffer>(),
    };
    bench.end(&load(&handles).seen(), cost)
}

fn storage() -> Storage {
    Storage::new(
        BlockingAsync::new(Flash),
        0..PARTITION,
        Cache::new_uncached(),
    )
}

/// Attaching waits for the list to be read, so both have to go on at the same time.
fn attach(nodes: &'static Nodes, storage: &mut Storage, buffer: &mut Buffer) -> Option<Handles> {
    let list = &nodes.list;
    let (((counter, enabled, brightness, offset), (gain, serial, name, token)), read) =
        block_on(join(
            join(
                join4(
                    nodes.counter.attach(list),
                    nodes.enabled.attach(list),
                    nodes.brightness.attach(list),
                    nodes.offset.attach(list),
                ),
                join4(
                    nodes.gain.attach(list),
                    nodes.serial.attach(list),
                    nodes.name.attach(list),
                    nodes.token.attach_with_default(list, || [0; 16].into()),
                ),
            ),
            list.process_reads(storage, buffer),
        ));
    read.ok()?;
    Some(Handles {
        counter: counter.ok()?,
        enabled: enabled.ok()?,
        brightness: brightness.ok()?,
        offset: offset.ok()?,
        gain: gain.ok()?,
        serial: serial.ok()?,
        name: name.ok()?,
        token: token.ok()?,
    })
}

// Called twice, and not to be there twice.
#[inline(never)]
fn load(handles: &Handles) -> Device {
    Device {
        counter: handles.counter.load(),
        enabled: handles.enabled.load(),
        brightness: handles.brightness.load(),
        offset: handles.offset.load(),
        gain: handles.gain.load(),
        serial: handles.serial.load(),
        name: handles.name.load().0,
        token: handles.token.load().into(),
    }
}

fn save(handles: &mut Handles, storage: &mut Storage, buffer: &mut Buffer, counter: u32) -> bool {
    block_on(async {
        handles.counter.write(&counter).await.ok()?;
        write(&NODES, storage, buffer).await
    })
    .is_some()
}

/// A list wants its garbage collected after its first read and each write; then it can be written.
async fn write(nodes: &'static Nodes, storage: &mut Storage, buffer: &mut Buffer) -> Option<()> {
    nodes.list.process_garbage(storage, buffer).await.ok()?;
    nodes.list.process_writes(storage, buffer).await.ok()?;
    Some(())
}

#[cfg(feature = "all")]
fn store_all(storage: &mut Storage, buffer: &mut Buffer) -> bool {
    // Nodes are attached once, and the others are attached when all is measured.
    static SEEDS: Nodes = Nodes::new();
    let device = Device::seed();
    let Some(mut seeds) = attach(&SEEDS, storage, buffer) else {
        return false;
    };
    block_on(async {
        seeds.counter.write(&device.counter).await.ok()?;
        seeds.enabled.write(&device.enabled).await.ok()?;
        seeds.brightness.write(&device.brightness).await.ok()?;
        seeds.offset.write(&device.offset).await.ok()?;
        seeds.gain.write(&device.gain).await.ok()?;
        seeds.serial.write(&device.serial).await.ok()?;
        seeds.name.write(&Name(device.name)).await.ok()?;
        seeds.token.write(&device.token.into()).await.ok()?;
        write(&SEEDS, storage, buffer).await
    })
    .is_some()
}
