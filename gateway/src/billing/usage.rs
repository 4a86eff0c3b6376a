//! What the route of daily energy takes and says.

use lifeline_core::billing::{Usage, UsageDay};
use lifeline_core::shared::energy::Kwh;
use lifeline_core::shared::time::Day;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::edge::{Code, Problem};

/// `?from=&to=` of the days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct UsageQuery {
    /// First day, `YYYY-MM-DD`; without it they are 31.
    pub from: Option<String>,
    /// Last day, `YYYY-MM-DD`; without it yesterday.
    pub to: Option<String>,
}

impl UsageQuery {
    pub(super) fn parse(self) -> Result<(Option<Day>, Option<Day>), Problem> {
        let read = |name: &str, text: Option<String>| {
            let day = text.map(|text| Day::parse(&text)).transpose();
            day.map_err(|_| {
                Problem::new(Code::InvalidQuery).field(name, "invalid", "a day is YYYY-MM-DD")
            })
        };
        Ok((read("from", self.from)?, read("to", self.to)?))
    }
}

/// One day's energy.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageDayView {
    #[schema(example = "2026-11-19")]
    pub date: String,
    /// `read`, `estimated`, or `absent` when nothing came from the meter, which is not the same as no use.
    #[schema(example = "read")]
    pub state: String,
    /// Absent on an absent day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "8.4")]
    pub energy_kwh: Option<String>,
    /// With `flat_kwh` and `valley_kwh`, where the meter counts by hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_kwh: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flat_kwh: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valley_kwh: Option<String>,
}

impl From<UsageDay> for UsageDayView {
    fn from(told: UsageDay) -> Self {
        let (state, figures) = (told.state(), told.figures);
        let part = |part: Option<Kwh>| part.map(|energy| energy.to_string());
        let [energy, peak, flat, valley] = figures.map_or([None; 4], |day| {
            [Some(day.energy), day.peak, day.flat, day.valley]
        });
        Self {
            date: told.day.to_string(),
            state: state.to_owned(),
            energy_kwh: part(energy),
            peak_kwh: part(peak),
            flat_kwh: part(flat),
            valley_kwh: part(valley),
        }
    }
}

/// What was used day by day.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageView {
    /// Oldest first, none of the span left out; empty where none of it is over, or the present holder's.
    pub days: Vec<UsageDayView>,
    /// Of the days that are there; absent when none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "251.3")]
    pub total_kwh: Option<String>,
    /// When the utility answered: days are not kept here.
    #[schema(example = "2026-11-20T10:00:00+08:00")]
    pub as_of: String,
    /// Never: without an answer of the utility now there is none here.
    pub stale: bool,
}

impl From<Usage> for UsageView {
    fn from(told: Usage) -> Self {
        Self {
            days: told.days.into_iter().map(Into::into).collect(),
            total_kwh: told.total.map(|energy| energy.to_string()),
            as_of: told.asked_at.rfc3339(),
            stale: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use lifeline_core::billing::BillingError;
    use lifeline_core::billing::figures::DailyUsage;
    use lifeline_core::shared::time::Time;
    use serde_json::json;

    use super::*;

    #[test]
    fn ec_04_an_absent_day_has_no_figure_and_says_so() {
        let kwh = |text| Kwh::parse(text).unwrap();
        let figures = DailyUsage {
            date: "2026-11-18".into(),
            energy: kwh("8.4"),
            peak: Some(kwh("3")),
            flat: Some(kwh("3.4")),
            valley: Some(kwh("2")),
            quality: "actual".into(),
        };
        let day = |text, figures| UsageDay {
            day: Day::parse(text).unwrap(),
            figures,
        };
        let usage = Usage {
            days: vec![day("2026-11-18", Some(figures)), day("2026-11-19", None)],
            total: Some(kwh("8.4")),
            asked_at: Time::parse_rfc3339("2026-11-20T10:00:00+08:00").unwrap(),
        };
        assert_eq!(
            serde_json::to_value(UsageView::from(usage)).unwrap(),
            json!({
                "days": [
                    {"date": "2026-11-18", "state": "read", "energy_kwh": "8.4", "peak_kwh": "3", "flat_kwh": "3.4", "valley_kwh": "2"},
                    {"date": "2026-11-19", "state": "absent"},
                ],
                "total_kwh": "8.4", "as_of": "2026-11-20T10:00:00+08:00", "stale": false,
            })
        );
    }

    #[test]
    fn what_is_no_day_is_refused_by_name() {
        let asked = |from: Option<&str>, to: Option<&str>| {
            let (from, to) = (from.map(str::to_owned), to.map(str::to_owned));
            UsageQuery { from, to }
                .parse()
                .map_err(|refused| refused.code())
        };
        assert_eq!(asked(None, None), Ok((None, None)));
        let day = Day::parse("2026-11-19").ok();
        assert_eq!(
            asked(Some("2026-11-19"), Some("2026-11-19")),
            Ok((day, day))
        );
        for odd in ["2026-11-31", "2026-11", "today", ""] {
            assert_eq!(asked(Some(odd), None), Err(Code::InvalidQuery), "{odd}");
            assert_eq!(asked(None, Some(odd)), Err(Code::InvalidQuery), "{odd}");
        }
        let too_many = Problem::from(BillingError::Span);
        assert_eq!(too_many.code(), Code::InvalidQuery);
    }
}
