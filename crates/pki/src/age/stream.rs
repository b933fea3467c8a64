//! The payload: chunks that are counted and whose last one is marked, so that none can be changed, moved or left out.

use super::{AgeError, Identity, Recipient, TAG_BYTES, aead, open_header, seal_header};
use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use std::io::{self, BufReader, Read, Write};

/// Bytes of a chunk before it is sealed.
const CHUNK_BYTES: usize = 64 * 1024;

/// Which chunk comes next.
struct Counter(u64);

impl Counter {
    /// Eleven bytes of number and one that marks the last chunk.
    fn nonce(&mut self, last: bool) -> Nonce {
        let mut nonce = [0; 12];
        let number = self.0.to_be_bytes();
        for (to, from) in nonce.iter_mut().skip(3).zip(number) {
            *to = from;
        }
        if let Some(mark) = nonce.last_mut() {
            *mark = u8::from(last);
        }
        self.0 = self.0.saturating_add(1);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Seals what is written to it. What was not [finished](Sealer::finish) is no sealed file.
pub struct Sealer<W> {
    out: W,
    key: LessSafeKey,
    counter: Counter,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// Seals for each of `recipients`, at least one; `draw` fills in random bytes.
    pub fn new(mut out: W, recipients: &[Recipient], draw: &mut dyn FnMut(&mut [u8])) -> io::Result<Self> {
        if recipients.is_empty() {
            return Err(io::Error::other(AgeError::Recipient));
        }
        let (header, key) = seal_header(recipients, draw).map_err(io::Error::other)?;
        out.write_all(&header)?;
        let key = aead(&key).map_err(io::Error::other)?;
        Ok(Self { out, key, counter: Counter(0), chunk: Vec::with_capacity(CHUNK_BYTES + TAG_BYTES) })
    }

    /// Writes the last chunk.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.counter.nonce(last);
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut self.chunk);
        sealed.map_err(|_| io::Error::other(AgeError::Library))?;
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits for the next byte: the last one is sealed by `finish` alone.
        if self.chunk.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.seal(false)?;
        }
        let free = CHUNK_BYTES.saturating_sub(self.chunk.len());
        let taken = bytes.get(..free.min(bytes.len())).unwrap_or(bytes);
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Opens a sealed file as it is read. Every byte that it gives was checked; the end is an end only when it was marked.
pub struct Opener<R> {
    input: BufReader<R>,
    key: LessSafeKey,
    counter: Counter,
    /// The chunk after the one being read, and a byte more where there is one.
    sealed: Vec<u8>,
    opened: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Opener<R> {
    /// Opens with whichever of `identities` the file was sealed for.
    pub fn new(input: R, identities: &[Identity]) -> Result<Self, AgeError> {
        let mut input = BufReader::with_capacity(CHUNK_BYTES, input);
        let key = aead(&open_header(&mut input, identities)?)?;
        let (sealed, opened) = (Vec::new(), Vec::new());
        Ok(Self { input, key, counter: Counter(0), sealed, opened, given: 0, ended: false })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let full = CHUNK_BYTES + TAG_BYTES;
        let missing = u64::try_from((full + 1).saturating_sub(self.sealed.len())).unwrap_or(0);
        self.input.by_ref().take(missing).read_to_end(&mut self.sealed)?;
        let last = self.sealed.len() <= full;
        let rest = if last { Vec::new() } else { self.sealed.split_off(full) };
        let first = self.counter.0 == 0;
        let nonce = self.counter.nonce(last);
        let changed =
            || io::Error::new(io::ErrorKind::InvalidData, "the sealed file was changed or cut short");
        let opened =
            self.key.open_in_place(nonce, Aad::empty(), &mut self.sealed).map_err(|_| changed())?.len();
        if last && opened == 0 && !first {
            return Err(changed());
        }
        self.sealed.truncate(opened);
        self.opened = std::mem::replace(&mut self.sealed, rest);
        self.given = 0;
        self.ended = last;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.opened.len() {
            if self.ended {
                return Ok(0);
            }
            self.next_chunk()?;
        }
        let waiting = self.opened.get(self.given..).unwrap_or_default();
        let count = waiting.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(waiting) {
            *to = *from;
        }
        self.given = self.given.saturating_add(count);
        Ok(count)
    }
}
