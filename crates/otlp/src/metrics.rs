//! Metrics from the wire to rows: a row a data point, so each point is admitted or refused alone.
//!
//! Gauges and sums go to `metrics` (`number`), distributions to `histograms` (`distribution`).

mod counted;
mod distribution;
mod exemplars;
mod number;

use std::borrow::Cow;

use telltale_genai::{Normaliser, Rules};
use telltale_schema::json::JsonWriter;
use telltale_schema::{HistogramsBuilder, MetricsBuilder};

use crate::ai::notes::Note;
use crate::attributes::List;
use crate::context::{Context, Days};
use crate::enums::TEMPORALITY;
use crate::envelope::{Around, Records, check_around_bytes, each};
use crate::limits::Limits;
use crate::record::{Cause, Refusal, Report, Stop, some_text, text};
use crate::wire::{Reader, WireError};

use exemplars::Exemplars;

/// Numbers of the fields of `Metric`'s oneof.
pub(crate) mod data {
    pub(crate) const GAUGE: u32 = 5;
    pub(crate) const SUM: u32 = 7;
    pub(crate) const HISTOGRAM: u32 = 9;
    pub(crate) const EXPONENTIAL_HISTOGRAM: u32 = 10;
    pub(crate) const SUMMARY: u32 = 11;
}

/// Builds `metrics` and `histograms`.
#[derive(Debug)]
pub(crate) struct Metrics<'c> {
    pub(crate) numbers: MetricsBuilder,
    pub(crate) distributions: HistogramsBuilder,
    /// What points that count tokens report.
    pub(crate) notes: Vec<Note>,
    limits: &'c Limits,
    rules: &'c Rules,
    days: Days,
    metadata: JsonWriter,
    point: Point<'c>,
    lists: distribution::Lists,
}

/// What all kinds of data point have: texts under construction, kept for their memory.
#[derive(Debug)]
struct Point<'c> {
    limits: &'c Limits,
    attributes: JsonWriter,
    exemplars: Exemplars<'c>,
}

impl<'c> Point<'c> {
    /// Forgets the point before, and opens the list of attributes.
    fn begin(&mut self, place: &'static str) -> List<'c> {
        self.attributes.clear();
        self.attributes.begin_object();
        self.exemplars.clear();
        List::new(place, self.limits)
    }

    fn end(&mut self) {
        self.attributes.end_object();
        self.exemplars.end();
    }
}

/// What a metric says of itself, for all its points.
#[derive(Debug)]
struct Head<'a> {
    name: &'a str,
    description: Option<&'a str>,
    unit: Option<&'a str>,
    has_metadata: bool,
    temporality: Option<Cow<'static, str>>,
    is_monotonic: bool,
}

/// The kind of a metric and its pieces: the bytes from where the last run of its field begins.
#[derive(Clone, Copy, Debug)]
struct Data<'a> {
    number: u32,
    run: &'a [u8],
}

impl<'c> Metrics<'c> {
    pub(crate) fn new(context: &'c Context) -> Self {
        let limits = &context.limits;
        Self {
            numbers: MetricsBuilder::new(),
            distributions: HistogramsBuilder::new(),
            notes: Vec::new(),
            limits,
            rules: &context.rules,
            days: Days::new(context),
            metadata: JsonWriter::new(),
            point: Point {
                limits,
                attributes: JsonWriter::new(),
                exemplars: Exemplars::new(limits),
            },
            lists: distribution::Lists::default(),
        }
    }

    fn point(
        &mut self,
        kind: u32,
        message: &[u8],
        head: &Head<'_>,
        around: &Around<'_>,
    ) -> Result<(), Stop> {
        let names = Normaliser::new(self.rules);
        let ordinal = match kind {
            data::GAUGE | data::SUM => {
                self.number(kind, message, head, around)?;
                self.numbers.len() - 1
            }
            _ => {
                self.distribution(kind, message, head, around)?;
                self.distributions.len() - 1
            }
        };
        if names.metric_is_ai(head.name) {
            self.notes.extend(counted::note(kind, message, head, ordinal, around, names)?);
        }
        Ok(())
    }
}

impl Records for Metrics<'_> {
    const DERIVES: bool = true;

    fn take(
        &mut self,
        message: &[u8],
        around: &Around<'_>,
        report: &mut Report,
    ) -> Result<(), WireError> {
        let Some(data) = Data::find(message)? else { return Ok(()) };
        let head = match Head::read(message, data, &mut self.metadata, self.limits) {
            Ok(head) => head,
            Err(Stop::Wire(error)) => return Err(error),
            Err(Stop::Refuse(refusal)) => {
                report.refuse(message, refusal, data.count()?);
                return Ok(());
            }
        };
        data.each_piece(|piece| {
            each(piece, 1, |point| {
                let outcome = report
                    .check_room(self.limits)
                    .map_err(Stop::from)
                    .and_then(|()| self.point(data.number, point, &head, around));
                report.book(point, outcome)
            })
        })
    }

    fn count(message: &[u8]) -> Result<u64, WireError> {
        Data::find(message)?.map_or(Ok(0), Data::count)
    }
}

impl<'a> Data<'a> {
    fn find(message: &'a [u8]) -> Result<Option<Self>, WireError> {
        let mut found: Option<Self> = None;
        let mut reader = Reader::new(message);
        loop {
            let run = reader.rest();
            let Some(field) = reader.field()? else { return Ok(found) };
            let number = field.number;
            let is_data = matches!(
                number,
                data::GAUGE
                    | data::SUM
                    | data::HISTOGRAM
                    | data::EXPONENTIAL_HISTOGRAM
                    | data::SUMMARY
            );
            if is_data && found.is_none_or(|data| data.number != number) {
                found = Some(Self { number, run });
            }
        }
    }

    fn each_piece(
        self,
        visit: impl FnMut(&'a [u8]) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        each(self.run, self.number, visit)
    }

    fn count(self) -> Result<u64, WireError> {
        let mut points = 0;
        self.each_piece(|piece| {
            each(piece, 1, |_| {
                points += 1;
                Ok::<(), WireError>(())
            })
        })?;
        Ok(points)
    }
}

impl<'a> Head<'a> {
    fn read(
        message: &'a [u8],
        data: Data<'a>,
        metadata: &mut JsonWriter,
        limits: &Limits,
    ) -> Result<Self, Stop> {
        metadata.clear();
        metadata.begin_object();
        let mut head = Self {
            name: "",
            description: None,
            unit: None,
            has_metadata: false,
            temporality: None,
            is_monotonic: false,
        };
        let mut list = List::new("metric.metadata", limits);
        let mut own_bytes = 0;
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            let bytes = match field.number {
                1..=3 | 12 => field.bytes()?,
                _ => continue,
            };
            own_bytes += bytes.len();
            check_around_bytes(own_bytes, limits, "metric")?;
            match field.number {
                1 => head.name = metric_name(bytes, limits)?,
                2 => head.description = some_text(bytes, "metric.description")?,
                3 => head.unit = some_text(bytes, "metric.unit")?,
                _ => list.push(metadata, bytes)?,
            }
        }
        metadata.end_object();
        head.has_metadata = !list.is_empty();
        head.read_data(data)?;
        Ok(head)
    }

    /// Reads what `Sum`, `Histogram` and `ExponentialHistogram` say beside their points.
    fn read_data(&mut self, data: Data<'a>) -> Result<(), WireError> {
        if matches!(data.number, data::GAUGE | data::SUMMARY) {
            return Ok(());
        }
        let mut temporality = 0;
        data.each_piece(|piece| {
            let mut reader = Reader::new(piece);
            while let Some(field) = reader.field()? {
                match field.number {
                    2 => temporality = field.int32()?,
                    3 if data.number == data::SUM => self.is_monotonic = field.varint()? != 0,
                    _ => {}
                }
            }
            Ok(())
        })?;
        self.temporality = Some(TEMPORALITY.name(temporality));
        Ok(())
    }
}

/// A metric's name stands in each of its rows, so it has the limit of a key.
fn metric_name<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Refusal> {
    let limit = limits.key_bytes_max;
    if bytes.len() > limit {
        return Err(Refusal::new("metric.name", Cause::Bytes(limit, "key_bytes_max")));
    }
    text(bytes, "metric.name")
}
