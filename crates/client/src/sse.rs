//! Server-sent events (WHATWG HTML section 9.2), as much as the wallet sends: `event` and `data`.

use crate::error::ClientError;
use crate::http::unreachable;
use std::collections::VecDeque;
use std::time::Duration;

/// The server sends a comment at least every 30 s; twice that and more without one means that it is gone.
const SILENCE_MAX: Duration = Duration::from_secs(90);
/// The longest event.
const EVENT_BYTES_MAX: usize = 64 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` when it has none.
    pub name: String,
    /// Its data, lines joined by `\n`.
    pub data: String,
}

/// An open stream of events.
pub struct EventStream {
    response: reqwest::Response,
    reader: Reader,
    ready: VecDeque<Event>,
}

impl EventStream {
    pub(crate) fn new(response: reqwest::Response) -> Self {
        Self { response, reader: Reader::default(), ready: VecDeque::new() }
    }

    /// The next event, or `None` when the server ended the stream.
    ///
    /// # Errors
    /// `Unreachable` when the connection breaks or stays silent for 90 s.
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let silent = |_| ClientError::Unreachable("the event stream is silent".to_owned());
            let chunk = tokio::time::timeout(SILENCE_MAX, self.response.chunk()).await.map_err(silent)?;
            match chunk.map_err(|error| unreachable(&error))? {
                Some(chunk) => self.ready.extend(self.reader.take(&chunk)?),
                None => return Ok(None),
            }
        }
    }

    /// The data of the next event named `name`; others are skipped.
    pub async fn next_as<T: serde::de::DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, ClientError> {
        while let Some(event) = self.next().await? {
            if event.name == name {
                return serde_json::from_str(&event.data)
                    .map(Some)
                    .map_err(|_| ClientError::Answer("event data"));
            }
        }
        Ok(None)
    }
}

/// Bytes to events; what is not a whole line yet waits.
#[derive(Default)]
struct Reader {
    rest: Vec<u8>,
    name: String,
    data: Vec<String>,
}

impl Reader {
    fn take(&mut self, chunk: &[u8]) -> Result<Vec<Event>, ClientError> {
        let mut events = Vec::new();
        self.rest.extend_from_slice(chunk);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = std::str::from_utf8(&line).map_err(|_| ClientError::Answer("events are not UTF-8"))?;
            events.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        let held = self.rest.len() + self.data.iter().map(String::len).sum::<usize>();
        if held > EVENT_BYTES_MAX { Err(ClientError::Answer("an event is too large")) } else { Ok(events) }
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let data = std::mem::take(&mut self.data);
            let name = if name.is_empty() { "message".to_owned() } else { name };
            return (!data.is_empty()).then(|| Event { name, data: data.join("\n") });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => self.data.push(value.to_owned()),
            // Comments keep the connection alive; ids and retry times are not used.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text = ": hello\n\nevent: order\ndata: {\"state\":\"open\"}\n\nretry: 5\nevent: order\r\ndata:one\r\ndata: two\r\n\r\ndata: 付\n\n";
        let event = |name: &str, data: &str| Event { name: name.into(), data: data.into() };
        let expected =
            vec![event("order", "{\"state\":\"open\"}"), event("order", "one\ntwo"), event("message", "付")];
        for width in [1, 2, 3, 7, text.len()] {
            let mut reader = Reader::default();
            let events: Vec<Event> =
                text.as_bytes().chunks(width).flat_map(|chunk| reader.take(chunk).unwrap()).collect();
            assert_eq!(events, expected, "pieces of {width}");
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut reader = Reader::default();
        assert!(reader.take(&vec![b'a'; EVENT_BYTES_MAX]).is_ok());
        assert!(reader.take(b"a").is_err());
        let mut reader = Reader::default();
        let line = format!("data: {}\n", "a".repeat(1_000));
        assert!((0..70).any(|_| reader.take(line.as_bytes()).is_err()));
    }
}
