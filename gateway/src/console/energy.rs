//! Power supplied and used, by supply office: a part of the page of reports and of its file.

use lifeline_core::insight::energy::EnergySum;

use super::sheet::Sheet;

/// One office; sums in kWh.
pub(super) struct Energy {
    pub(super) org_no: String,
    pub(super) name: String,
    pub(super) days: String,
    pub(super) supplied: String,
    pub(super) used: String,
    pub(super) difference: String,
}

pub(super) fn rows(offices: Vec<EnergySum>) -> Vec<Energy> {
    let row = |one: EnergySum| Energy {
        difference: one.difference().map_or_else(String::new, String::from),
        days: one.days.to_string(),
        supplied: one.supplied.to_string(),
        used: one.used.to_string(),
        org_no: one.org_no,
        name: one.name,
    };
    offices.into_iter().map(row).collect()
}

/// In the file without the difference: below zero it would stand there as text.
pub(super) fn tell(sheet: &mut Sheet, rows: Vec<Energy>) {
    sheet.row(&["office", "name", "days", "supplied_kwh", "used_kwh"].map(str::to_owned));
    for one in rows {
        sheet.row(&[one.org_no, one.name, one.days, one.supplied, one.used]);
    }
}
