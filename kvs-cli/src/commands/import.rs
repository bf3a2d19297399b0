//! `kvs import`: what another store has, for a product that moves over.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use kvs::lock::Setting;
use postcard_schema::schema::owned::OwnedDataModelType as Ty;
use toml_edit::{DocumentMut, Item, Table, Value as Toml};

use super::layout::LayoutArgs;
use crate::commit::store;
use crate::document::{self, Put, PutKey, check_setting, unknown};
use crate::esp_nvs;
use crate::file::{self, unreadable};
use crate::image::{Image, OutputArgs, size};
use crate::problem::{Problem, Problems, Result};
use crate::pw_kvs;
use crate::schema::Schema;
use crate::terminal::{count, note, say_text, warn};
use crate::value::{decode, hex};

/// Reads a partition of another store
///
/// Its values become raw keys of the same names; with --schema and --as, settings of the types that the lock file has. The
/// output is a settings file for `kvs build`, or an image.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs import --from pw-kvs dump.bin                                 what is in it, as TOML
  kvs import --from pw-kvs dump.bin -o settings.toml
  kvs import --from pw-kvs dump.bin -o new.bin --sector-size 4096 --write-size 4 --length 32k
  kvs import --from esp-nvs nvs.bin -o settings.toml
  kvs import --from pw-kvs dump.bin --schema settings.lock --as wifi_channel=wifi.channel --as name=device.name

Numbers, booleans and text are taken as C++ stores them: little endian, and without an end mark.")]
pub(crate) struct Import {
    /// The store that wrote it
    #[arg(long, value_enum)]
    from: Origin,
    /// A dump of the partition, raw bytes
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// What entries of pw_kvs begin with; found out if left out
    #[arg(long, value_name = "NUMBER", value_parser = size)]
    magic: Option<u64>,
    /// A settings file (.toml) or an image to write; printed as TOML if left out
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The firmware's lock file, for --as
    #[arg(long, value_name = "LOCK")]
    schema: Option<PathBuf>,
    /// A key that is a setting now
    #[arg(long = "as", value_name = "KEY=PATH", requires = "schema")]
    renames: Vec<String>,
    #[command(flatten)]
    layout: LayoutArgs,
    #[command(flatten)]
    files: OutputArgs,
}

/// Each key's value.
type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store that can be read.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Origin {
    /// Pigweed's `pw_kvs`, with its CRC-16 checksum
    #[value(alias = "pw_kvs")]
    PwKvs,
    /// ESP-IDF's NVS, not encrypted; a key is NAMESPACE/KEY
    #[value(alias = "esp_nvs")]
    EspNvs,
}

impl Import {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let bytes = file::read(&self.image)?;
        let values = match self.from {
            Origin::PwKvs => self.pw_kvs(&bytes)?,
            Origin::EspNvs => self.esp_nvs(bytes)?,
        };
        let schema = self.schema.as_deref().map(Schema::load).transpose()?;
        let puts = self.puts(values, schema.as_ref())?;
        match &self.output {
            Some(path) if path.extension().is_none_or(|extension| extension != "toml") => {
                let mut image = Image::erased(self.layout.geometry()?);
                store(&mut image, &puts, schema.as_ref(), None)?;
                let bytes = image.source.load();
                let bytes = bytes.map_err(|error| unreadable(path, &error))?;
                self.files.write(path, bytes)?;
            }
            Some(path) => file::write(path, to_toml(&puts, schema.as_ref()).as_bytes())?,
            None => say_text(&to_toml(&puts, schema.as_ref())),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn pw_kvs(&self, bytes: &[u8]) -> Result<Values> {
        let magic = self.magic.and_then(|magic| u32::try_from(magic).ok());
        let found = pw_kvs::read(bytes, magic);
        let path = self.image.display();
        if found.entries == 0 {
            return Err(Problem::new(format!("{path} has no entry of pw_kvs in it"))
                .help("entries have a CRC-16 checksum, and begin with a magic number: --magic says which, if it was found out wrongly")
                .into());
        }
        note(&format!(
            "{path}: {} with magic {:#010x}, {} deleted",
            count(found.values.len(), "key", "keys"),
            found.magic,
            found.deleted.len()
        ));
        if found.damaged != 0 {
            warn(&format!(
                "{} torn or damaged: an older value counts, if there is one",
                count(found.damaged, "entry is", "entries are")
            ));
        }
        Ok(found.values)
    }

    fn esp_nvs(&self, bytes: Vec<u8>) -> Result<Values> {
        let path = self.image.display();
        let wrong = |what| Problem::new(format!("{path} is no partition of NVS: {what}"));
        let values = esp_nvs::read(bytes).map_err(wrong)?;
        if values.is_empty() {
            return Err(wrong("there is no key in it".into())
                .help("an encrypted one can't be read: decrypt it first")
                .into());
        }
        note(&format!("{path}: {}", count(values.len(), "key", "keys")));
        Ok(values)
    }

    /// What is to be stored of what was found.
    fn puts(&self, values: Values, schema: Option<&Schema>) -> Result<Vec<Put>> {
        let mut renames = Vec::new();
        for rename in &self.renames {
            let pair = rename.split_once('=');
            let (key, path) = pair.ok_or_else(|| {
                Problem::new(format!("`--as {rename}` is not of the form KEY=PATH"))
            })?;
            let Some(schema) = schema else { continue };
            let setting = schema.lock.setting(path);
            let setting = setting.ok_or_else(|| unknown(schema, path))?;
            if !values.contains_key(key.as_bytes()) {
                warn(&format!("there is no key `{key}` to be `{path}`"));
            }
            renames.push((key, setting));
        }
        let mut puts = Vec::new();
        let mut problems = Vec::new();
        for (key, value) in values {
            let Ok(name) = String::from_utf8(key) else {
                warn("a key whose name is not UTF-8 is left out");
                continue;
            };
            let rename = renames.iter().find(|(key, _)| *key == name);
            let put = |key, name: &str, bytes| Put {
                key,
                name: name.to_owned(),
                bytes,
                span: 0..0,
            };
            let Some((_, setting)) = rename else {
                puts.push(put(PutKey::Name(name.clone()), &name, value));
                continue;
            };
            match typed(setting, &value) {
                Ok(bytes) => puts.push(put(PutKey::Hash(setting.hash), &setting.path, bytes)),
                Err(what) => {
                    let bytes = match setting.secret {
                        true => format!("{}, masked", count(value.len(), "byte", "bytes")),
                        false => hex(&value),
                    };
                    problems.push(
                        Problem::new(format!("`{name}` can't be `{}`: {what}", setting.path))
                            .help(format!("its bytes are {bytes}")),
                    );
                }
            }
        }
        match problems.is_empty() {
            true => Ok(puts),
            false => Err(Problems(problems)),
        }
    }
}

/// A setting's bytes, from what C++ has in memory.
fn typed(setting: &Setting, raw: &[u8]) -> Result<Vec<u8>, String> {
    let ty = &setting.ty;
    let value = from_c(&ty.schema().ty, raw);
    let value = value.ok_or_else(|| format!("{} bytes are no {ty}", raw.len()))?;
    check_setting(setting, &value)
        .map_err(|wrong| format!("{} (allowed: {})", wrong.text(), wrong.allowed))
}

/// Simple types only: how a compiler lays out a struct is its own affair.
fn from_c(ty: &Ty, raw: &[u8]) -> Option<Toml> {
    match ty {
        Ty::NewtypeStruct(inner) => return from_c(&inner.ty, raw),
        Ty::String => return std::str::from_utf8(raw).ok().map(Toml::from),
        Ty::ByteArray => return Some(hex(raw).into()),
        _ => {}
    }
    let mut wide = [0; 16];
    wide.get_mut(..raw.len())?.copy_from_slice(raw);
    let unsigned = u128::from_le_bytes(wide);
    let unused = 128 - 8 * u32::try_from(raw.len()).ok()?.clamp(1, 16);
    let signed = (unsigned << unused) as i128 >> unused;
    let number = |size: usize, number: String| (raw.len() == size).then(|| number.into());
    match ty {
        Ty::Bool => match raw {
            [0] => Some(false.into()),
            [1] => Some(true.into()),
            _ => None,
        },
        Ty::U8 => number(1, unsigned.to_string()),
        Ty::U16 => number(2, unsigned.to_string()),
        Ty::U32 => number(4, unsigned.to_string()),
        Ty::U64 => number(8, unsigned.to_string()),
        Ty::I8 => number(1, signed.to_string()),
        Ty::I16 => number(2, signed.to_string()),
        Ty::I32 => number(4, signed.to_string()),
        Ty::I64 => number(8, signed.to_string()),
        Ty::F32 => Some(f64::from(f32::from_le_bytes(raw.try_into().ok()?)).into()),
        Ty::F64 => Some(f64::from_le_bytes(raw.try_into().ok()?).into()),
        _ => None,
    }
}

/// A settings file.
fn to_toml(puts: &[Put], schema: Option<&Schema>) -> String {
    let mut out = DocumentMut::new();
    let mut named = Table::new();
    for put in puts {
        let setting = schema.and_then(|schema| schema.lock.setting(&put.name));
        match (&put.key, setting) {
            (PutKey::Hash(_), Some(setting)) => {
                if let Some(value) = decode(setting.ty.schema(), &put.bytes) {
                    document::put(out.as_table_mut(), &put.name, value.to_toml());
                }
            }
            _ => {
                named.insert(&put.name, Item::Value(document::raw(&put.bytes)));
            }
        }
    }
    if !named.is_empty() {
        out.insert(document::NAMED, Item::Table(named));
    }
    out.to_string()
}
