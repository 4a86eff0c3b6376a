//! Reading what an upstream sent: every text bounded, every figure parsed into the domain's own type.

use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::time::Time;
use serde::{Deserialize, Deserializer, de};

/// The longest text an upstream figure may hold, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// A short text without control characters.
pub(crate) fn text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    let printable = !text.chars().any(char::is_control);
    if printable && text.chars().count() <= TEXT_CHARS_MAX {
        Ok(text)
    } else {
        Err(de::Error::custom("text out of bounds"))
    }
}

/// `YYYY-MM-DD`, a real day.
pub(crate) fn day<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    let parsed = jiff::civil::Date::strptime("%Y-%m-%d", &text);
    match parsed {
        Ok(date) if date.to_string() == text => Ok(text),
        _ => Err(de::Error::custom("not a day")),
    }
}

/// `YYYY-MM`.
pub(crate) fn period<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    let first = format!("{text}-01");
    let parsed = jiff::civil::Date::strptime("%Y-%m-%d", &first);
    match parsed {
        Ok(date) if date.to_string() == first => Ok(text),
        _ => Err(de::Error::custom("not a period")),
    }
}

/// RFC 3339 with an offset.
pub(crate) fn time<'de, D: Deserializer<'de>>(input: D) -> Result<Time, D::Error> {
    let text = String::deserialize(input)?;
    Time::parse_rfc3339(&text).map_err(de::Error::custom)
}

/// As [`time`], for a field that may be absent or null.
pub(crate) fn time_maybe<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Time>, D::Error> {
    Option::<String>::deserialize(input)?
        .map(|text| Time::parse_rfc3339(&text).map_err(de::Error::custom))
        .transpose()
}

/// Energy that a meter can have counted: never negative.
pub(crate) fn energy<'de, D: Deserializer<'de>>(input: D) -> Result<Kwh, D::Error> {
    let energy = Kwh::deserialize(input)?;
    if energy < Kwh::ZERO {
        return Err(de::Error::custom("negative energy"));
    }
    Ok(energy)
}

/// As [`energy`], for a field that may be absent or null.
pub(crate) fn energy_maybe<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Kwh>, D::Error> {
    let energy = Option::<Kwh>::deserialize(input)?;
    if energy.is_some_and(|e| e < Kwh::ZERO) {
        return Err(de::Error::custom("negative energy"));
    }
    Ok(energy)
}

/// A unit price: never negative.
pub(crate) fn price<'de, D: Deserializer<'de>>(input: D) -> Result<Price, D::Error> {
    let price = Price::deserialize(input)?;
    if price < Price::ZERO {
        return Err(de::Error::custom("negative price"));
    }
    Ok(price)
}
