//! Personal data: parsed once, masked outward, never printable.
//!
//! None of these types has `Display` or a telling `Debug`: a value reaches text only through
//! `expose()` (to encrypt it or hand it to the upstream that needs it) or `masked()`.

/// Why a personal field was refused. Never carries the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonalError {
    #[error("not a mobile number")]
    Phone,
    #[error("not a valid resident ID number")]
    IdNo,
    #[error("not a person's name")]
    Name,
    #[error("not a consumer number")]
    ConsumerNo,
}

macro_rules! personal {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
        pub struct $name(String);

        impl $name {
            /// The clear value. Callers hand it to encryption, a blind index or the upstream that needs it.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// From our own encrypted store, where it was parsed before it was written.
            #[must_use]
            pub fn from_store(text: String) -> Self {
                Self(text)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!("[", stringify!($name), "]"))
            }
        }
    )*};
}
pub(crate) use personal;

personal! {
    /// Mainland mobile number, 11 digits.
    Phone;
    /// Resident ID number (GB 11643-1999), 18 characters, check digit and date verified.
    IdNo;
    /// A person's name as certified.
    PersonName;
    /// The utility's number for one supply contract at one place (default 10 or 13 digits).
    ConsumerNo;
    /// A service address.
    Address;
}

impl Phone {
    /// `^1[3-9]\d{9}$` after an optional `+86` and blanks (domain.md 3.1).
    pub fn parse(text: &str) -> Result<Self, PersonalError> {
        let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let plain = plain.strip_prefix("+86").unwrap_or(&plain);
        let mut bytes = plain.bytes();
        let shape = plain.len() == 11
            && bytes.next() == Some(b'1')
            && bytes.next().is_some_and(|b| (b'3'..=b'9').contains(&b))
            && bytes.all(|b| b.is_ascii_digit());
        if shape {
            Ok(Self(plain.to_owned()))
        } else {
            Err(PersonalError::Phone)
        }
    }

    /// `138****0001`
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}****{}", head(&self.0, 3), tail(&self.0, 4))
    }
}

impl IdNo {
    pub fn parse(text: &str) -> Result<Self, PersonalError> {
        const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        const CHECK: &[u8; 11] = b"10X98765432";
        let upper = text.trim().to_ascii_uppercase();
        let bytes = upper.as_bytes();
        if bytes.len() != 18 {
            return Err(PersonalError::IdNo);
        }
        let mut sum: u32 = 0;
        for (byte, weight) in bytes.iter().zip(WEIGHTS) {
            if !byte.is_ascii_digit() {
                return Err(PersonalError::IdNo);
            }
            sum = sum.saturating_add(u32::from(byte.saturating_sub(b'0')).saturating_mul(weight));
        }
        let expected = usize::try_from(sum.rem_euclid(11))
            .ok()
            .and_then(|at| CHECK.get(at));
        let born = upper
            .get(6..14)
            .and_then(|d| jiff::civil::Date::strptime("%Y%m%d", d).ok());
        if bytes.last() == expected && born.is_some() {
            Ok(Self(upper))
        } else {
            Err(PersonalError::IdNo)
        }
    }

    /// `150***********0014`: the first six would show the home county.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}***********{}", head(&self.0, 3), tail(&self.0, 4))
    }
}

impl PersonName {
    /// 1..=64 characters, no control characters.
    pub fn parse(text: &str) -> Result<Self, PersonalError> {
        let name = text.trim();
        let length = name.chars().count();
        if (1..=64).contains(&length) && !name.chars().any(char::is_control) {
            Ok(Self(name.to_owned()))
        } else {
            Err(PersonalError::Name)
        }
    }

    /// `*三`, `李*明`
    #[must_use]
    pub fn masked(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        match letters.as_slice() {
            [] => String::new(),
            [_] => "*".to_owned(),
            [_, last] => format!("*{last}"),
            [first, middle @ .., last] => format!("{first}{}{last}", "*".repeat(middle.len())),
        }
    }
}

impl ConsumerNo {
    /// 10 or 13 digits (domain.md 3.1). Says nothing about existence.
    pub fn parse(text: &str) -> Result<Self, PersonalError> {
        let plain = text.trim();
        if matches!(plain.len(), 10 | 13) && plain.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(plain.to_owned()))
        } else {
            Err(PersonalError::ConsumerNo)
        }
    }

    /// All but the last four hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        let stars = self.0.chars().count().saturating_sub(4);
        format!("{}{}", "*".repeat(stars), tail(&self.0, 4))
    }

    /// The utility's code of the supply office, which its numbers begin with.
    #[must_use]
    pub fn region(&self) -> String {
        head(&self.0, 4)
    }

    /// The last four digits, as people name their home.
    #[must_use]
    pub fn tail(&self) -> String {
        tail(&self.0, 4)
    }
}

fn head(text: &str, count: usize) -> String {
    text.chars().take(count).collect()
}

pub(crate) fn tail(text: &str, count: usize) -> String {
    let skip = text.chars().count().saturating_sub(count);
    text.chars().skip(skip).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_numbers_of_the_handbook() {
        for good in [
            "150499199001010014",
            "150499198506150026",
            "150499200002290033",
            "150499196403070251",
            "15049919900101009x",
        ] {
            assert!(IdNo::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "15049919900101001",
            "150499199001010015",
            "150499197802290010",
            "",
            "15049919900101001é",
        ] {
            assert_eq!(IdNo::parse(bad), Err(PersonalError::IdNo), "{bad}");
        }
    }

    #[test]
    fn masks_hide_what_they_must() {
        assert_eq!(
            IdNo::parse("150499199001010014").unwrap().masked(),
            "150***********0014"
        );
        assert_eq!(
            Phone::parse("+86 190 0000 0001").unwrap().masked(),
            "190****0001"
        );
        assert_eq!(PersonName::parse("李小明").unwrap().masked(), "李*明");
        assert_eq!(PersonName::parse("张三").unwrap().masked(), "*三");
        assert_eq!(
            ConsumerNo::parse("1500000004321").unwrap().masked(),
            "*********4321"
        );
    }

    #[test]
    fn debug_tells_nothing() {
        let shown = format!("{:?}", Phone::parse("19000000001").unwrap());
        assert_eq!(shown, "[Phone]");
    }
}
