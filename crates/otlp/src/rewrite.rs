//! Makes a body anew, without refused records and with masks applied. Messages that need no change
//! are copied whole. Where there is something to mask, fields that OTLP does not define are left
//! out: nobody can mask what nobody knows.

use bytes::Bytes;

use crate::limits::DEPTH_CEILING;
use crate::mask::{Masker, Tally};
use crate::proto::{Kind, Message};
use crate::wire::{Field, Raw, Reader, WireError, Writer, address};

/// Messages inside each other that are rewritten: what decoding admits (three messages for each
/// array or map in a value) and the dozen around it. What is deeper is copied as it is, and
/// decoding refuses it.
const LEVELS_MAX: usize = 3 * DEPTH_CEILING + 16;

/// Levels down to records, where a message without a secret is copied whole. Below, looking at
/// each message again would cost more than it saves.
const RECORD_LEVELS: usize = 4;

/// What to change.
#[derive(Debug)]
pub(crate) enum Edit<'e> {
    /// Leave out the messages at these addresses; they are sorted.
    Drop(&'e [usize]),
    /// Mask all text.
    Mask(&'e Masker, &'e mut Tally),
}

/// A body being made anew.
#[derive(Debug)]
struct Rewrite<'e> {
    edit: Edit<'e>,
    out: Writer,
    unknown: bool,
}

/// Leaves out the messages at the addresses in `dropped`.
pub(crate) fn drop_messages(
    root: &'static Message,
    body: &[u8],
    mut dropped: Vec<usize>,
) -> Result<Bytes, WireError> {
    dropped.sort_unstable();
    let mut rewrite = Rewrite::new(Edit::Drop(&dropped), body.len());
    rewrite.message(root, body, 0)?;
    Ok(rewrite.out.into_bytes().into())
}

/// Masks all text of a body; `None` when there was nothing to mask after all.
pub(crate) fn mask(
    root: &'static Message,
    body: &[u8],
    masker: &Masker,
    tally: &mut Tally,
) -> Result<Option<Bytes>, WireError> {
    let before = tally.total();
    let mut rewrite = Rewrite::new(Edit::Mask(masker, tally), body.len());
    rewrite.message(root, body, 0)?;
    let Rewrite { edit, out, unknown } = rewrite;
    let masked = matches!(edit, Edit::Mask(_, tally) if tally.total() > before);
    Ok((masked || unknown).then(|| out.into_bytes().into()))
}

impl<'e> Rewrite<'e> {
    fn new(edit: Edit<'e>, capacity: usize) -> Self {
        Self { edit, out: Writer::with_capacity(capacity), unknown: false }
    }

    fn message(
        &mut self,
        message: &'static Message,
        bytes: &[u8],
        level: usize,
    ) -> Result<(), WireError> {
        let mut reader = Reader::new(bytes);
        loop {
            let before = reader.rest();
            let Some(field) = reader.field()? else { return Ok(()) };
            let Some(known) = message.field(field.number) else {
                self.unknown = true;
                continue;
            };
            match (known.kind, field.raw) {
                (Kind::Message(_), Raw::Bytes(content)) if self.is_dropped(content) => {}
                (Kind::Message(inner), Raw::Bytes(content))
                    if level < LEVELS_MAX && !self.is_untouched(content, level) =>
                {
                    let open = self.out.begin(field.number);
                    self.message(inner, content, level + 1)?;
                    self.out.end(open);
                }
                (Kind::String | Kind::Bytes, Raw::Bytes(content)) => self.text(&field, content),
                _ => {
                    let length = before.len() - reader.rest().len();
                    self.out.raw(before.get(..length).unwrap_or_default());
                }
            }
        }
    }

    fn is_dropped(&self, content: &[u8]) -> bool {
        matches!(self.edit, Edit::Drop(dropped)
            if dropped.binary_search(&address(content)).is_ok())
    }

    /// Whether a message can be copied as it is.
    fn is_untouched(&self, content: &[u8], level: usize) -> bool {
        match &self.edit {
            Edit::Drop(dropped) => {
                let start = address(content);
                let next = dropped.partition_point(|place| *place < start);
                dropped.get(next).is_none_or(|place| *place > start + content.len())
            }
            Edit::Mask(masker, _) => level < RECORD_LEVELS && !masker.may_match(content),
        }
    }

    fn text(&mut self, field: &Field<'_>, content: &[u8]) {
        let masked = match &mut self.edit {
            Edit::Drop(_) => None,
            Edit::Mask(masker, tally) => masker.mask(content, tally),
        };
        self.out.bytes(field.number, masked.as_deref().unwrap_or(content));
    }
}
