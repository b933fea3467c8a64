//! The device key in an encrypted file: Argon2id over the passphrase, AES-256-GCM over everything.
//!
//! ```json
//! {"yinxin_device_key":1,"kdf":{"name":"argon2id","salt":"…","memory_kib":65536,"passes":3,"lanes":1},"nonce":"…","sealed":"…"}
//! ```
//!
//! Everything before `nonce` is authenticated with what is sealed. Others must not be able to read the file.

use crate::chance;
use crate::device_key::{DeviceKey, Holding};
use crate::error::ClientError;
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use yinxin_pki::Secret;
use yinxin_pki::symmetric::{aes256_gcm_open, aes256_gcm_seal};
use zeroize::{Zeroize as _, Zeroizing};

/// The version that is written; no other is read.
const VERSION: u8 = 1;
/// Memory of one derivation: half a second of guessing costs a guesser 64 MiB too.
const MEMORY_KIB: u32 = 64 * 1024;
/// Passes over that memory.
const PASSES: u32 = 3;
/// More than this a file may not ask for: reading it would be an attack on our memory or time.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
const PASSES_MAX: u32 = 16;
/// A file can be guessed at without anybody counting (threats, fact 7): no PIN, no short word.
const PASSPHRASE_CHARS_MIN: usize = 10;
/// The largest file that is read: a chain of three certificates takes 4 KB.
const FILE_BYTES_MAX: u64 = 64 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    yinxin_device_key: u8,
    kdf: Kdf,
    nonce: String,
    sealed: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    salt: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    pkcs8: String,
    device_secret: String,
    certificate: Option<HoldingFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldingFile {
    id: String,
    chain: [String; 3],
    origin: String,
    log_key: String,
}

impl DeviceKey {
    /// Makes a key and keeps it in a new file at `path`.
    ///
    /// # Errors
    /// `File` when the file exists, `WeakPassphrase`.
    pub fn create(path: &Path, passphrase: &str) -> Result<Self, ClientError> {
        if path.exists() {
            return Err(std::io::Error::from(std::io::ErrorKind::AlreadyExists).into());
        }
        let key = Self::generate()?;
        key.save(path, passphrase)?;
        Ok(key)
    }

    /// Reads the key at `path`.
    ///
    /// # Errors
    /// `KeyFile` for a wrong passphrase or a changed file; `KeyFileForm` for another kind of file, or one that other
    /// people of this machine may read.
    pub fn open(path: &Path, passphrase: &str) -> Result<Self, ClientError> {
        let text = read_private(path)?;
        let file: KeyFile =
            serde_json::from_slice(&text).map_err(|_| ClientError::KeyFileForm("not a device key"))?;
        if file.yinxin_device_key != VERSION {
            return Err(ClientError::KeyFileForm("an unknown version"));
        }
        let key = derive(&file.kdf, passphrase)?;
        let nonce = unsealed_field(&file.nonce)?;
        let sealed = BASE64URL_NOPAD.decode(file.sealed.as_bytes()).map_err(|_| ClientError::KeyFile)?;
        let plain = aes256_gcm_open(&key, &nonce, &associated(&file.kdf)?, &sealed)
            .map_err(|_| ClientError::KeyFile)?;
        let contents: Contents = serde_json::from_slice(plain.expose()).map_err(|_| ClientError::KeyFile)?;
        contents.into_key()
    }

    /// Writes the key to `path` under a fresh salt and nonce, replacing what was there at once.
    pub fn save(&self, path: &Path, passphrase: &str) -> Result<(), ClientError> {
        let length = passphrase.chars().count();
        if length < PASSPHRASE_CHARS_MIN || passphrase.chars().all(|c| c.is_ascii_digit()) {
            return Err(ClientError::WeakPassphrase(PASSPHRASE_CHARS_MIN));
        }
        let kdf = Kdf {
            name: "argon2id".to_owned(),
            salt: BASE64URL_NOPAD.encode(&chance::bytes::<16>()?),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: 1,
        };
        let key = derive(&kdf, passphrase)?;
        let nonce = chance::bytes::<12>()?;
        let plain = Zeroizing::new(to_json(&Contents::of(self)?)?);
        let sealed = aes256_gcm_seal(&key, &nonce, &associated(&kdf)?, &plain)?;
        let file = KeyFile {
            yinxin_device_key: VERSION,
            kdf,
            nonce: BASE64URL_NOPAD.encode(&nonce),
            sealed: BASE64URL_NOPAD.encode(&sealed),
        };
        write_private(path, &to_json(&file)?)
    }

    /// Gives the file at `path` another passphrase.
    pub fn rotate(path: &Path, old_passphrase: &str, new_passphrase: &str) -> Result<Self, ClientError> {
        let key = Self::open(path, old_passphrase)?;
        key.save(path, new_passphrase)?;
        Ok(key)
    }
}

impl Contents {
    fn of(key: &DeviceKey) -> Result<Self, ClientError> {
        Ok(Self {
            pkcs8: BASE64URL_NOPAD.encode(key.signer.to_pkcs8_der()?.expose()),
            device_secret: BASE64URL_NOPAD.encode(key.device_secret.as_slice()),
            certificate: key.holding.as_ref().map(|held| HoldingFile {
                id: held.id.to_string(),
                chain: [0, 1, 2].map(|at| BASE64URL_NOPAD.encode(&held.chain[at])),
                origin: held.origin.clone(),
                log_key: held.log_key.clone(),
            }),
        })
    }

    fn into_key(mut self) -> Result<DeviceKey, ClientError> {
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| ClientError::KeyFile);
        let holding = match self.certificate.take() {
            Some(held) => {
                let [leaf, issuer, root] = &held.chain;
                let chain = [bytes(leaf)?, bytes(issuer)?, bytes(root)?];
                let id = held.id.parse().map_err(|_| ClientError::KeyFile)?;
                Some(Holding { id, chain, origin: held.origin, log_key: held.log_key })
            }
            None => None,
        };
        let secret = Zeroizing::new(unsealed_field(&self.device_secret)?);
        DeviceKey::from_parts(&Secret::new(bytes(&self.pkcs8)?), secret, holding)
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        self.pkcs8.zeroize();
        self.device_secret.zeroize();
    }
}

fn unsealed_field<const N: usize>(text: &str) -> Result<[u8; N], ClientError> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| ClientError::KeyFile)?;
    bytes.try_into().map_err(|_| ClientError::KeyFile)
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, ClientError> {
    serde_json::to_vec(value).map_err(|_| ClientError::KeyFile)
}

/// What is authenticated beside the sealed part: how the key is derived.
fn associated(kdf: &Kdf) -> Result<Vec<u8>, ClientError> {
    Ok([b"yx/device-key-file/v1\0".to_vec(), to_json(kdf)?].concat())
}

fn derive(kdf: &Kdf, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, ClientError> {
    let in_range = kdf.memory_kib <= MEMORY_KIB_MAX && kdf.passes <= PASSES_MAX && kdf.lanes == 1;
    if kdf.name != "argon2id" || !in_range {
        return Err(ClientError::KeyFileForm("its key derivation"));
    }
    let salt: [u8; 16] = unsealed_field(&kdf.salt)?;
    let refused = |_| ClientError::KeyFileForm("its key derivation");
    let params = Params::new(kdf.memory_kib, kdf.passes, kdf.lanes, Some(32)).map_err(refused)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), &salt, key.as_mut())
        .map_err(refused)?;
    Ok(key)
}

/// The whole file, which nobody but its owner may read.
pub(crate) fn read_private(path: &Path) -> Result<Vec<u8>, ClientError> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(ClientError::KeyFileForm(
                "other people may read it; take that right away (mode 0600)",
            ));
        }
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(ClientError::KeyFileForm("too large"));
    }
    let mut text = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut text)?;
    Ok(text)
}

/// Replaces the file at once, durably, readable by its owner alone.
pub(crate) fn write_private(path: &Path, text: &[u8]) -> Result<(), ClientError> {
    let unfinished = path.with_extension("unfinished");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    // One left over from a crash could have other rights.
    let _ = std::fs::remove_file(&unfinished);
    let mut file = options.open(&unfinished)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPHRASE: &str = "tea in the mountains";

    fn held() -> Holding {
        Holding {
            id: "crt_a4dqobyha4dqobyh".parse().unwrap(),
            chain: [vec![1], vec![2, 2], vec![3]],
            origin: "http://localhost:8088".into(),
            log_key: "localhost:8088/log+00000000+AAAA".into(),
        }
    }

    #[test]
    fn a_key_comes_back_from_its_file_with_all_that_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        let mut key = DeviceKey::create(&path, PASSPHRASE).unwrap();
        assert!(DeviceKey::create(&path, PASSPHRASE).is_err(), "an existing key is never overwritten");
        key.holding = Some(held());
        key.save(&path, PASSPHRASE).unwrap();
        let again = DeviceKey::open(&path, PASSPHRASE).unwrap();
        assert_eq!(again.spki(), key.spki());
        assert_eq!(again.device_secret, key.device_secret);
        assert_eq!(again.holding, Some(held()));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(r#"{"yinxin_device_key":1,"kdf":{"name":"argon2id""#));
        assert!(!text.contains("crt_") && !text.contains("localhost"));
    }

    #[test]
    fn a_wrong_passphrase_and_a_weak_one_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        let key = DeviceKey::create(&path, PASSPHRASE).unwrap();
        assert!(matches!(DeviceKey::open(&path, "tea in the mountain"), Err(ClientError::KeyFile)));
        for weak in ["", "123456", "short", "1234567890123"] {
            assert!(matches!(key.save(&path, weak), Err(ClientError::WeakPassphrase(_))), "{weak}");
        }
        DeviceKey::rotate(&path, PASSPHRASE, "another long one").unwrap();
        assert!(matches!(DeviceKey::open(&path, PASSPHRASE), Err(ClientError::KeyFile)));
        assert_eq!(DeviceKey::open(&path, "another long one").unwrap().spki(), key.spki());
    }

    #[test]
    fn a_changed_file_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        DeviceKey::create(&path, PASSPHRASE).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let file: KeyFile = serde_json::from_str(&text).unwrap();
        let changed_sealed = |at: usize| {
            let mut sealed = BASE64URL_NOPAD.decode(file.sealed.as_bytes()).unwrap();
            sealed[at] ^= 1;
            text.replace(&file.sealed, &BASE64URL_NOPAD.encode(&sealed))
        };
        let other_nonce = BASE64URL_NOPAD.encode(&[0; 12]);
        for changed in [
            changed_sealed(0),
            changed_sealed(40),
            text.replace(&file.nonce, &other_nonce),
            text.replace("\"passes\":3", "\"passes\":2"),
            text.replace("\"passes\":3", "\"passes\":4000000000"),
            text.replace("\"memory_kib\":65536", "\"memory_kib\":4000000000"),
            text.replace("argon2id", "argon2i"),
            text.replace("device_key\":1", "device_key\":2"),
            text.replace("{\"y", "{\"x\":1,\"y"),
            String::new(),
        ] {
            write_private(&path, changed.as_bytes()).unwrap();
            assert!(DeviceKey::open(&path, PASSPHRASE).is_err(), "{changed}");
        }
        write_private(&path, text.as_bytes()).unwrap();
        assert!(DeviceKey::open(&path, PASSPHRASE).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        DeviceKey::create(&path, PASSPHRASE).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(DeviceKey::open(&path, PASSPHRASE), Err(ClientError::KeyFileForm(_))));
    }
}
