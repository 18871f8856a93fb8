//! Scalars: parsed once at the edge, printed in one form.

use async_graphql::{ID, InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};

use crate::kernel::position::{AvailabilityVersion, StreamCursor};
use crate::kernel::time::CalendarSpan;

/// A scalar whose wire form is text.
macro_rules! text_scalar {
    ($(#[$doc:meta])* $name:ident($inner:ty) = $graphql:literal, $url:literal, $parse:expr, $print:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct $name(pub $inner);

        $(#[$doc])*
        #[Scalar(name = $graphql, specified_by_url = $url)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                let parse: fn(&str) -> Option<$inner> = $parse;
                match &value {
                    Value::String(text) => {
                        parse(text).map(Self).ok_or_else(|| InputValueError::custom(concat!("is no ", $graphql)))
                    }
                    _ => Err(InputValueError::custom(concat!("is no ", $graphql, ": it must be a string"))),
                }
            }

            fn to_value(&self) -> Value {
                let print: fn(&$inner) -> String = $print;
                Value::String(print(&self.0))
            }
        }
    };
}

text_scalar! {
    /// Instant in UTC, RFC 3339 with milliseconds: `2026-03-29T07:00:00.000Z`. Other offsets are accepted and converted;
    /// a time without offset is refused.
    Instant(DateTime<Utc>) = "DateTime", "https://scalars.graphql.org/andimarek/date-time.html",
    |text| DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
    |at| at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

text_scalar! {
    /// Calendar date without a zone: `2026-03-29`.
    LocalDate(NaiveDate) = "LocalDate", "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    |text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
    |date| date.format("%Y-%m-%d").to_string()
}

text_scalar! {
    /// Wall clock time without a zone, to the minute: `08:30`. As an end, `00:00` is the midnight that follows.
    LocalTime(NaiveTime) = "LocalTime", "https://html.spec.whatwg.org/multipage/common-microsyntaxes.html#valid-time-string",
    |text| NaiveTime::parse_from_str(text, "%H:%M").ok(),
    |time| time.format("%H:%M").to_string()
}

text_scalar! {
    /// IANA time zone name: `Europe/Berlin`. Fixed offsets and abbreviations are refused.
    TimeZone(chrono_tz::Tz) = "TimeZone", "https://www.iana.org/time-zones",
    |text| text.parse().ok().filter(|_| text.contains('/') || text == "UTC"),
    |zone| zone.name().to_owned()
}

text_scalar! {
    /// BCP 47 language tag: `de`, `pt-BR`.
    LanguageTag(String) = "LanguageTag", "https://www.rfc-editor.org/rfc/rfc5646",
    |text| (2..=35).contains(&text.len()).then(|| text.to_owned()),
    Clone::clone
}

text_scalar! {
    /// ISO 3166 country or subdivision: `DE`, `US-IL`.
    RegionCode(String) = "RegionCode", "https://www.iso.org/iso-3166-country-codes.html",
    |text| (2..=6).contains(&text.len()).then(|| text.to_owned()),
    Clone::clone
}

text_scalar! {
    /// E.164 telephone number: `+4930123456`.
    PhoneNumber(String) = "PhoneNumber", "https://www.itu.int/rec/T-REC-E.164",
    |text| (text.starts_with('+') && (4..=16).contains(&text.len())).then(|| text.to_owned()),
    Clone::clone
}

text_scalar! {
    /// E-mail address, at most 254 characters.
    EmailAddress(String) = "EmailAddress", "https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address",
    |text| is_email(text).then(|| text.to_owned()),
    Clone::clone
}

text_scalar! {
    /// Opaque position. A page cursor is good for the same list, filter and order; a stream cursor (`streamCursor`,
    /// stream items) for every stream of the organization.
    Cursor(String) = "Cursor", "https://relay.dev/graphql/connections.htm#sec-Cursor",
    // Whether it is one is for the field to say, by the argument's name.
    |text| Some(text.to_owned()),
    Clone::clone
}

text_scalar! {
    /// ISO 8601 span without months and years: `PT24H` is exactly 24 hours, `P1D` one local calendar day (23 to 25 hours
    /// across DST).
    Duration(CalendarSpan) = "Duration", "https://www.rfc-editor.org/rfc/rfc3339#appendix-A",
    |text| text.parse().ok(),
    ToString::to_string
}

text_scalar! {
    /// Position in the organization's change log: 16 base16 digits. Later positions sort after earlier ones as plain
    /// strings.
    Version(AvailabilityVersion) = "AvailabilityVersion", "https://www.rfc-editor.org/rfc/rfc4648#section-8",
    |text| (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok().map(AvailabilityVersion)).flatten(),
    ToString::to_string
}

/// Whether a value is one of a scalar of the schema, as its resolver would read it.
#[must_use]
pub fn is_valid(scalar: &str, value: &Value) -> bool {
    fn reads<T: InputType>(value: &Value) -> bool {
        T::parse(Some(value.clone())).is_ok()
    }
    match scalar {
        "Int" => reads::<i32>(value),
        "Float" => reads::<f64>(value),
        "String" => reads::<String>(value),
        "Boolean" => reads::<bool>(value),
        "ID" => reads::<ID>(value),
        "DateTime" => reads::<Instant>(value),
        "LocalDate" => reads::<LocalDate>(value),
        "LocalTime" => reads::<LocalTime>(value),
        "TimeZone" => reads::<TimeZone>(value),
        "LanguageTag" => reads::<LanguageTag>(value),
        "RegionCode" => reads::<RegionCode>(value),
        "PhoneNumber" => reads::<PhoneNumber>(value),
        "EmailAddress" => reads::<EmailAddress>(value),
        "Cursor" => reads::<Cursor>(value),
        "Duration" => reads::<Duration>(value),
        "AvailabilityVersion" => reads::<Version>(value),
        // What a router of Apollo Federation sends; its fields are read by the entities.
        "_Any" => !has_nul(value),
        _ => false,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::List(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.values().any(has_nul),
        _ => false,
    }
}

/// What a value of a scalar must be, to follow the word "must be".
#[must_use]
pub fn rule(scalar: &str) -> &'static str {
    match scalar {
        "Int" => "a whole number of 32 bits",
        "Float" => "a number",
        "String" => "a string",
        "Boolean" => "true or false",
        "ID" => "an id",
        "DateTime" => "an instant with an offset, like 2026-03-29T07:00:00Z",
        "LocalDate" => "a date, like 2026-03-29",
        "LocalTime" => "a time of day, like 08:30",
        "TimeZone" => "a time zone, like Europe/Berlin",
        "LanguageTag" => "a language tag, like pt-BR",
        "RegionCode" => "a country or subdivision, like US-IL",
        "PhoneNumber" => "a telephone number, like +4930123456",
        "EmailAddress" => "an e-mail address",
        "Cursor" => "a cursor",
        "Duration" => "a span of time, like PT24H",
        "AvailabilityVersion" => "16 hexadecimal digits",
        "_Any" => "without null characters",
        _ => "of a known type",
    }
}

impl From<StreamCursor> for Cursor {
    fn from(cursor: StreamCursor) -> Self {
        Self(cursor.to_string())
    }
}

/// The rule that browsers hold addresses against.
fn is_email(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_local = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= 254 && !local.is_empty() && local.bytes().all(is_local) && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed<T: ScalarType>(text: &str) -> Option<Value> {
        T::parse(Value::from(text)).ok().map(|value| value.to_value())
    }

    #[test]
    fn every_scalar_of_the_schema_is_known() {
        let types = crate::graphql::inputs::InputTypes::of(&crate::graphql::schema::ApiSchema::standard().sdl())
            .expect("an SDL");
        let mut names: Vec<&str> = types.scalars().map(|name| name.as_str()).collect();
        names.sort_unstable();
        assert!(names.len() > 8, "{names:?}");
        for name in names {
            assert_ne!(rule(name), rule(""), "{name} has no rule");
        }
        assert!(is_valid("DateTime", &Value::from("2026-03-29T07:00:00Z")) && !is_valid("DateTime", &Value::from(1)));
    }

    #[test]
    fn instants_are_converted_to_utc_with_milliseconds() {
        let cases = [
            ("2026-03-29T09:00:00+02:00", Some("2026-03-29T07:00:00.000Z")),
            ("2026-03-29T07:00:00.123456Z", Some("2026-03-29T07:00:00.123Z")),
            ("2026-03-29T07:00:00", None),
            ("2026-03-29", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(parsed::<Instant>(text), wanted.map(Value::from), "{text}");
        }
    }

    #[test]
    fn addresses_are_those_that_browsers_accept() {
        for text in ["a@b", "ada.lindholm+x@mail.example", "o'hara@example.com"] {
            assert_eq!(parsed::<EmailAddress>(text), Some(Value::from(text)), "{text}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        for text in ["", "a", "@b", "a@", "a@-b", "a b@c", "a@b..c", "a@b@c", "a@b_c", "ä@b", "a\0@b", &long] {
            assert_eq!(parsed::<EmailAddress>(text), None, "{text}");
        }
    }

    #[test]
    fn only_names_of_the_tz_database_are_zones() {
        assert_eq!(parsed::<TimeZone>("Europe/Berlin"), Some(Value::from("Europe/Berlin")));
        for text in ["CET", "+01:00", "EST5EDT", "Mars/Olympus"] {
            assert_eq!(parsed::<TimeZone>(text), None, "{text}");
        }
    }
}
