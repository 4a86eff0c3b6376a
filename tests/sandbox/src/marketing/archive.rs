//! The archive (档案) of a supply contract, and how its personal fields look to somebody who may not
//! see them whole.

use jiff::civil::Date;

use super::late_fee::Category;

/// How the consumer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PayMode {
    Postpaid,
    Prepaid,
}

impl PayMode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Postpaid => "postpaid",
            Self::Prepaid => "prepaid",
        }
    }
}

/// Whether the contract is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Active,
    Closed,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closed => "closed",
        }
    }
}

/// The registered holder (户主). Not printable: everything in it is personal.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) name: String,
    pub(super) id_no: Option<String>,
    pub(super) mobile: Option<String>,
}

/// One contract's archive. Not printable.
#[derive(Clone)]
pub(super) struct Archive {
    pub(super) consumer_no: String,
    pub(super) holder: Holder,
    /// Moves on whenever the contract passes to another holder (过户).
    pub(super) holder_version: u32,
    /// The day it passed to the present one.
    pub(super) holder_since: Date,
    pub(super) address: String,
    pub(super) org_no: &'static str,
    pub(super) region: &'static str,
    pub(super) category: Category,
    pub(super) tariff_code: &'static str,
    pub(super) pay_mode: PayMode,
    pub(super) status: Status,
}

/// What came of one field offered to the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// The field was empty and now holds the value.
    Filled,
    /// It already held this value.
    Same,
    /// It holds another value, or the archive moved on since the caller looked: a clerk decides.
    ConflictReview,
}

impl Offer {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Filled => "FILLED",
            Self::Same => "SAME",
            Self::ConflictReview => "CONFLICT_REVIEW",
        }
    }
}

/// The archive fields a channel may offer a value for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Field {
    IdNo,
    Mobile,
    Name,
}

impl Archive {
    /// Whether the holder's real name is on file.
    pub(super) fn real_name(&self) -> &'static str {
        if self.holder.id_no.is_some() {
            "verified"
        } else {
            "missing"
        }
    }

    /// Fills `field` if it is empty; nothing is ever overwritten.
    pub(super) fn offer(&mut self, field: Field, value: &str, base_version: u32) -> Offer {
        if base_version != self.holder_version {
            return Offer::ConflictReview;
        }
        let slot = match field {
            Field::Name if self.holder.name == value => return Offer::Same,
            Field::Name => return Offer::ConflictReview,
            Field::IdNo => &mut self.holder.id_no,
            Field::Mobile => &mut self.holder.mobile,
        };
        match slot {
            Some(held) if held == value => Offer::Same,
            Some(_) => Offer::ConflictReview,
            None => {
                *slot = Some(value.to_owned());
                Offer::Filled
            }
        }
    }

    pub(super) fn consumer_no_masked(&self) -> String {
        mask_consumer_no(&self.consumer_no)
    }

    pub(super) fn holder_masked(&self) -> String {
        mask_name(&self.holder.name)
    }

    pub(super) fn address_masked(&self) -> String {
        mask_address(&self.address)
    }
}

/// All but the last four digits.
pub(super) fn mask_consumer_no(consumer_no: &str) -> String {
    let hidden = consumer_no.chars().count().saturating_sub(4);
    consumer_no
        .chars()
        .enumerate()
        .map(|(i, c)| if i < hidden { '*' } else { c })
        .collect()
}

/// `*明` for two characters, `欧*娜` for more.
fn mask_name(name: &str) -> String {
    let count = name.chars().count();
    let shown = |i: usize| (i == 0 && count > 2) || (i + 1 == count && count > 1);
    name.chars()
        .enumerate()
        .map(|(i, c)| if shown(i) { c } else { '*' })
        .collect()
}

/// Down to the street; house and door are hidden.
fn mask_address(address: &str) -> String {
    let street: String = address
        .chars()
        .take_while(|c| !c.is_ascii_digit())
        .collect();
    format!("{street}***")
}

/// A resident ID (GB 11643-1999): 18 characters, a real date, the right check character.
pub(super) fn is_resident_id(id_no: &str) -> bool {
    let Some((first17, _)) = id_no.split_at_checked(17) else {
        return false;
    };
    let date = first17.get(6..14).and_then(|ymd| {
        let number = |range: std::ops::Range<usize>| ymd.get(range)?.parse::<i16>().ok();
        let (month, day) = (number(4..6)?, number(6..8)?);
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        jiff::civil::Date::new(number(0..4)?, month, day).ok()
    });
    first17.bytes().all(|b| b.is_ascii_digit())
        && date.is_some()
        && crate::people::with_check_digit(first17) == id_no
}

/// A mainland mobile number.
pub(crate) fn is_mobile(number: &str) -> bool {
    let mut digits = number.bytes();
    number.len() == 11
        && digits.next() == Some(b'1')
        && digits.next().is_some_and(|b| (b'3'..=b'9').contains(&b))
        && digits.all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(id_no: Option<&str>) -> Archive {
        Archive {
            consumer_no: "1504010020017".into(),
            holder: Holder {
                name: "欧阳娜".into(),
                id_no: id_no.map(Into::into),
                mobile: None,
            },
            holder_version: 3,
            holder_since: jiff::civil::date(2019, 6, 1),
            address: "赤峰市红山区钢铁街道文化路12号3单元501".into(),
            org_no: "1504010",
            region: "赤峰",
            category: Category::Residential,
            tariff_code: "RES-TIER-YEAR",
            pay_mode: PayMode::Postpaid,
            status: Status::Active,
        }
    }

    #[test]
    fn masks_hide_what_identifies() {
        let archive = archive(None);
        assert_eq!(archive.consumer_no_masked(), "*********0017");
        assert_eq!(archive.holder_masked(), "欧*娜");
        assert_eq!(mask_name("李明"), "*明");
        assert_eq!(mask_name("李"), "*");
        assert_eq!(archive.address_masked(), "赤峰市红山区钢铁街道文化路***");
    }

    #[test]
    fn offers_fill_gaps_and_never_overwrite() {
        let mut archive = archive(None);
        assert_eq!(
            archive.offer(Field::IdNo, "150499199001010014", 2),
            Offer::ConflictReview
        );
        assert_eq!(archive.real_name(), "missing");
        assert_eq!(
            archive.offer(Field::IdNo, "150499199001010014", 3),
            Offer::Filled
        );
        assert_eq!(archive.real_name(), "verified");
        assert_eq!(
            archive.offer(Field::IdNo, "150499199001010014", 3),
            Offer::Same
        );
        assert_eq!(
            archive.offer(Field::IdNo, "150499198506150026", 3),
            Offer::ConflictReview
        );
        assert_eq!(archive.offer(Field::Name, "欧阳", 3), Offer::ConflictReview);
        assert_eq!(archive.holder.id_no.as_deref(), Some("150499199001010014"));
    }

    #[test]
    fn an_id_needs_its_length_date_and_check_character() {
        for right in [
            "150499199001010014",
            "150499198506150026",
            "150499200002290033",
            "15049919900101009X",
        ] {
            assert!(is_resident_id(right), "{right}");
        }
        for wrong in [
            "15049919900101001",
            "150499199001010015",
            "150499197802290010",
            "15049919900101009x",
            "1504991990010100140",
            "一二三四五六",
            "",
        ] {
            assert!(!is_resident_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn mobiles_are_eleven_digits() {
        assert!(is_mobile("19000000001"));
        for wrong in [
            "1900000000",
            "12000000001",
            "190000000011",
            "1900000000x",
            "+8619000000001",
        ] {
            assert!(!is_mobile(wrong), "{wrong}");
        }
    }
}
