//! Files of OTLP requests, read piece by piece. A file may be larger than a server takes at once: it
//! is sent in pieces, each of which is a request of its own.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde_json::value::RawValue;
use serde_json::{Deserializer, Map, Value, json};
use telltale_base::Signal;

use super::{Sent, ending, unusable};
use crate::error::CliError;
use crate::export::deliver::{Media, Receiver};

/// Bytes at which a request is sent.
const REQUEST_BYTES: usize = 8 << 20;

pub(super) async fn send(
    path: &Path,
    signal: Option<Signal>,
    receiver: &Receiver,
) -> Result<Sent, CliError> {
    let mut file = BufReader::new(File::open(path).map_err(CliError::file("open", path))?);
    let first = file.fill_buf().map_err(CliError::file("read", path))?.first().copied();
    let stated = signal.or_else(|| signal_of_name(path));
    let mut sent = Sent::default();
    let media = media(path, first);
    if media == Media::Protobuf {
        let signal = stated.ok_or_else(|| {
            let problem =
                "its name does not say what it holds: say --signal traces, logs or metrics";
            unusable(path, &problem)
        })?;
        for body in Pieces::new(file) {
            let body = body.map_err(|problem| unusable(path, &problem))?;
            sent.refusal.add(receiver.send(signal, media, body).await?);
            sent.requests += 1;
        }
        return Ok(sent);
    }
    for request in Deserializer::from_reader(file).into_iter::<Box<RawValue>>() {
        let request = request.map_err(|error| unusable(path, &format!("not JSON: {error}")))?;
        let (signal, bodies) =
            json_pieces(request.get(), stated).map_err(|problem| unusable(path, &problem))?;
        for body in bodies {
            sent.refusal.add(receiver.send(signal, media, body).await?);
            sent.requests += 1;
        }
    }
    Ok(sent)
}

/// The ending decides; without one that does, what the file begins with.
fn media(path: &Path, first: Option<u8>) -> Media {
    match ending(path).as_str() {
        "json" | "jsonl" | "ndjson" => Media::Json,
        "pb" | "binpb" | "protobuf" | "otlp" => Media::Protobuf,
        _ if first == Some(b'{') => Media::Json,
        _ => Media::Protobuf,
    }
}

/// The one signal that a word of the file's name says.
pub(super) fn signal_of_name(path: &Path) -> Option<Signal> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let mut found = None;
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let signal = match word {
            "trace" | "traces" | "span" | "spans" => Signal::Traces,
            "log" | "logs" => Signal::Logs,
            "metric" | "metrics" | "histogram" | "histograms" => Signal::Metrics,
            _ => continue,
        };
        if found.is_some_and(|other| other != signal) {
            return None;
        }
        found = Some(signal);
    }
    found
}

/// A protobuf request as requests of bounded size. It is a list of messages in field 1: any run of
/// them is a request too. A single message is never split.
#[derive(Debug)]
pub(super) struct Pieces<R> {
    file: R,
    /// Bytes read, for messages.
    at: u64,
    /// What did not fit the last piece.
    open: Vec<u8>,
    failed: bool,
}

impl<R: BufRead> Pieces<R> {
    pub(super) fn new(file: R) -> Self {
        Self { file, at: 0, open: Vec::new(), failed: false }
    }

    fn piece(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut piece = std::mem::take(&mut self.open);
        while let Some(message) = self.message()? {
            if !piece.is_empty() && piece.len() + message.len() > REQUEST_BYTES {
                self.open = message;
                return Ok(Some(piece));
            }
            piece.extend_from_slice(&message);
        }
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    /// The next message with its tag and length, `None` at the end of the file.
    fn message(&mut self) -> Result<Option<Vec<u8>>, String> {
        let cut = |at: u64| {
            format!("not an OTLP request, or cut off: it cannot be read from byte {at} on")
        };
        let unreadable = |error: io::Error| format!("it cannot be read: {error}");
        let Some(tag) = self.byte().map_err(unreadable)? else { return Ok(None) };
        if tag != 0x0a {
            return Err(cut(self.at - 1));
        }
        let (start, mut message, mut length) = (self.at - 1, vec![tag], 0_u64);
        for shift in (0..64).step_by(7) {
            let byte = self.byte().map_err(unreadable)?.ok_or_else(|| cut(start))?;
            message.push(byte);
            length |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                // Grows with what is there, not with what a damaged length says.
                let read = (&mut self.file).take(length).read_to_end(&mut message);
                let read = read.map_err(unreadable)? as u64;
                self.at += read;
                return if read == length { Ok(Some(message)) } else { Err(cut(start)) };
            }
        }
        Err(cut(start))
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.file.fill_buf()?.first().copied();
        if byte.is_some() {
            self.file.consume(1);
            self.at += 1;
        }
        Ok(byte)
    }
}

impl<R: BufRead> Iterator for Pieces<R> {
    type Item = Result<Vec<u8>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let piece = self.piece().transpose();
        self.failed = matches!(piece, Some(Err(_)));
        piece
    }
}

/// The members that hold records, by signal.
const MEMBERS: [(&str, Signal); 3] = [
    ("resourceSpans", Signal::Traces),
    ("resourceLogs", Signal::Logs),
    ("resourceMetrics", Signal::Metrics),
];

/// A request in JSON, of which a file may have several behind each other, as the collector's file
/// exporter writes them. A large one is split between resources.
pub(super) fn json_pieces(
    request: &str,
    stated: Option<Signal>,
) -> Result<(Signal, Vec<Vec<u8>>), String> {
    let parsed: Map<String, Value> =
        serde_json::from_str(request).map_err(|error| format!("not an OTLP request: {error}"))?;
    let said = MEMBERS.iter().find(|(member, _)| parsed.contains_key(*member));
    let signal = said.map(|(_, signal)| *signal).or(stated).ok_or_else(|| {
        "an object is none of resourceSpans, resourceLogs and resourceMetrics".to_owned()
    })?;
    let list = said.and_then(|(member, _)| Some((*member, parsed.get(*member)?.as_array()?)));
    let pieces = match list {
        Some((member, list)) if request.len() > REQUEST_BYTES => {
            let pieces = list.iter().map(|resource| json!({ member: [resource] }).to_string());
            pieces.map(String::into_bytes).collect()
        }
        _ => vec![request.as_bytes().to_vec()],
    };
    Ok((signal, pieces))
}
