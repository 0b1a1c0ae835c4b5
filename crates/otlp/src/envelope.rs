//! What stands around records, the same in all three signals: a request holds resources, a
//! resource holds scopes, a scope holds records.
//!
//! The text of a resource and of a scope is made once and lent to each record under it. Fields may
//! stand in any order, so a message is read twice: first what it says of itself, then what it
//! holds; the second reading skips in steps of whole fields, which costs almost nothing.

use telltale_schema::json::JsonWriter;

use crate::ai::Surroundings;
use crate::attributes::{List, any_value, choose, pair};
use crate::context::Context;
use crate::limits::Limits;
use crate::record::{Cause, Refusal, Report, Stop, some_count, some_text, text};
use crate::wire::{Reader, WireError};

/// The resource attribute that names the service.
const SERVICE_NAME: &[u8] = b"service.name";

/// A resource as columns.
#[derive(Debug, Default)]
pub(crate) struct Resource<'a> {
    pub(crate) attributes: JsonWriter,
    pub(crate) service_name: String,
    pub(crate) dropped_attributes: Option<i64>,
    pub(crate) schema_url: Option<&'a str>,
}

/// A scope as columns.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    attributes: JsonWriter,
    has_attributes: bool,
    pub(crate) dropped_attributes: Option<i64>,
    pub(crate) schema_url: Option<&'a str>,
}

impl Scope<'_> {
    /// Attributes as JSON text, `None` when there are none.
    pub(crate) fn attributes(&self) -> Option<&str> {
        self.has_attributes.then(|| self.attributes.text())
    }

    /// The sidecar of [`Self::attributes`].
    pub(crate) fn attributes_types(&self) -> Option<&str> {
        self.attributes.types()
    }
}

/// What stands around a record.
#[derive(Debug, Default)]
pub(crate) struct Around<'a> {
    pub(crate) resource: Resource<'a>,
    pub(crate) scope: Scope<'a>,
    pub(crate) ai: Surroundings<'a>,
}

/// A signal's records: what stands in field 2 of a scope.
pub(crate) trait Records {
    /// Whether columns of AI telemetry are derived, for which dialects are looked up.
    const DERIVES: bool = false;

    /// Takes one message, books its records in the report, and fails only for broken structure.
    fn take(
        &mut self,
        message: &[u8],
        around: &Around<'_>,
        report: &mut Report,
    ) -> Result<(), WireError>;

    /// Records in a message that is refused unread.
    fn count(message: &[u8]) -> Result<u64, WireError>;
}

/// Walks a whole request.
pub(crate) fn walk<R: Records>(
    body: &[u8],
    context: &Context,
    records: &mut R,
) -> Result<Report, WireError> {
    let (limits, rules) = (&context.limits, &context.rules);
    let mut report = Report::default();
    let mut around = Around::default();
    each(body, 1, |group| {
        match around.resource.read(group, limits) {
            Ok(()) => {}
            Err(Stop::Wire(error)) => return Err(error),
            Err(Stop::Refuse(refusal)) => {
                let mut refused = 0;
                each(group, 2, |scope| count::<R>(scope).map(|n| refused += n))?;
                report.refuse(group, refusal, refused);
                return Ok(());
            }
        }
        if R::DERIVES {
            around.ai.enter_resource(group)?;
        }
        each(group, 2, |scope| {
            match around.scope.read(scope, limits) {
                Ok(()) => {}
                Err(Stop::Wire(error)) => return Err(error),
                Err(Stop::Refuse(refusal)) => {
                    report.refuse(scope, refusal, count::<R>(scope)?);
                    return Ok(());
                }
            }
            if R::DERIVES {
                around.ai.enter_scope(rules, around.scope.name, around.scope.version);
            }
            each(scope, 2, |record| records.take(record, &around, &mut report))
        })
    })?;
    Ok(report)
}

fn count<R: Records>(scope: &[u8]) -> Result<u64, WireError> {
    let mut records = 0;
    each(scope, 2, |record| R::count(record).map(|n| records += n))?;
    Ok(records)
}

/// Visits the messages in one repeated field.
pub(crate) fn each<'a, E: From<WireError>>(
    message: &'a [u8],
    number: u32,
    mut visit: impl FnMut(&'a [u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        if field.number == number {
            visit(field.bytes()?)?;
        }
    }
    Ok(())
}

/// Refuses what stands around records when it is too large to stand in each of them.
pub(crate) fn check_around_bytes(
    bytes: usize,
    limits: &Limits,
    place: &'static str,
) -> Result<(), Refusal> {
    let limit = limits.around_bytes_max;
    if bytes > limit {
        return Err(Refusal::new(place, Cause::Bytes(limit, "around_bytes_max")));
    }
    Ok(())
}

impl<'a> Resource<'a> {
    /// Reads what a `ResourceSpans`, `ResourceLogs` or `ResourceMetrics` says of its resource.
    fn read(&mut self, group: &'a [u8], limits: &Limits) -> Result<(), Stop> {
        self.attributes.clear();
        self.service_name.clear();
        self.dropped_attributes = None;
        self.schema_url = None;
        self.attributes.begin_object();
        let mut list = List::new("resource.attributes", limits);
        let mut own_bytes = 0;
        let mut reader = Reader::new(group);
        while let Some(field) = reader.field()? {
            let bytes = match field.number {
                1 | 3 => field.bytes()?,
                _ => continue,
            };
            own_bytes += bytes.len();
            check_around_bytes(own_bytes, limits, "resource")?;
            if field.number == 1 {
                self.read_resource(bytes, &mut list)?;
            } else {
                self.schema_url = some_text(bytes, "resource.schema_url")?;
            }
        }
        self.attributes.end_object();
        Ok(())
    }

    fn read_resource(&mut self, resource: &[u8], list: &mut List<'_>) -> Result<(), Stop> {
        let mut reader = Reader::new(resource);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => {
                    let pair = pair(field.bytes()?)?;
                    list.push_pair(&mut self.attributes, &pair)?;
                    if pair.key == SERVICE_NAME {
                        self.set_service_name(pair.value.as_deref().unwrap_or_default())?;
                    }
                }
                2 => self.dropped_attributes = some_count(field.uint32()?),
                _ => {}
            }
        }
        Ok(())
    }

    fn set_service_name(&mut self, value: &[u8]) -> Result<(), Stop> {
        if let Some((field, _)) = choose(value)?
            && field.number == any_value::STRING
        {
            self.service_name.clear();
            self.service_name.push_str(text(field.bytes()?, "resource.attributes[].value")?);
        }
        Ok(())
    }
}

/// Name and version of the scope of a `ScopeSpans`, `ScopeLogs` or `ScopeMetrics`; empty when not
/// said or not text.
pub(crate) fn scope_names(group: &[u8]) -> Result<(&str, &str), WireError> {
    let (mut name, mut version) = ("", "");
    each(group, 1, |scope| {
        let mut reader = Reader::new(scope);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => name = std::str::from_utf8(field.bytes()?).unwrap_or_default(),
                2 => version = std::str::from_utf8(field.bytes()?).unwrap_or_default(),
                _ => {}
            }
        }
        Ok::<(), WireError>(())
    })?;
    Ok((name, version))
}

impl<'a> Scope<'a> {
    /// Reads what a `ScopeSpans`, `ScopeLogs` or `ScopeMetrics` says of its scope.
    fn read(&mut self, group: &'a [u8], limits: &Limits) -> Result<(), Stop> {
        self.name = None;
        self.version = None;
        self.dropped_attributes = None;
        self.schema_url = None;
        self.attributes.clear();
        self.attributes.begin_object();
        let mut list = List::new("scope.attributes", limits);
        let mut own_bytes = 0;
        let mut reader = Reader::new(group);
        while let Some(field) = reader.field()? {
            let bytes = match field.number {
                1 | 3 => field.bytes()?,
                _ => continue,
            };
            own_bytes += bytes.len();
            check_around_bytes(own_bytes, limits, "scope")?;
            if field.number == 1 {
                self.read_scope(bytes, &mut list)?;
            } else {
                self.schema_url = some_text(bytes, "scope.schema_url")?;
            }
        }
        self.attributes.end_object();
        self.has_attributes = !list.is_empty();
        Ok(())
    }

    fn read_scope(&mut self, scope: &'a [u8], list: &mut List<'_>) -> Result<(), Stop> {
        let mut reader = Reader::new(scope);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => self.name = some_text(field.bytes()?, "scope.name")?,
                2 => self.version = some_text(field.bytes()?, "scope.version")?,
                3 => list.push(&mut self.attributes, field.bytes()?)?,
                4 => self.dropped_attributes = some_count(field.uint32()?),
                _ => {}
            }
        }
        Ok(())
    }
}
