//! Guesses are counted in the store, so that no restart forgets them (money.md 3.1, 3.7).
//!
//! A counter is named by what it guards, a key (kept as a keyed digest) and a window of time in
//! Shanghai: a day or a year. When one is full, only the method it guards is locked. Wrong passwords are kept
//! one by one instead and counted over the last quarter of an hour, whenever that began: around the edge of
//! a fixed quarter twice as many would pass.

use super::otp::{self, Cause};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx};

/// What a counter guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Codes sent to one phone.
    CodesToPhone,
    /// Those of them that were caused without a session of its account.
    UnsignedCodesToPhone,
    /// Those of them that anybody can cause.
    StrangersCodesToPhone,
    /// Wrong codes tried against one phone.
    TriesAgainstPhone,
    /// Those of them that were tried without a session of its account.
    UnsignedTriesAgainstPhone,
    /// Those of them that anybody can try.
    StrangersTriesAgainstPhone,
    /// Codes one account asked for.
    CodesByAccount,
    /// Those of them that were asked for by its password, without a session.
    CodesByPassword,
    /// ID digits tried against one consumer number, over all accounts.
    DigitsAgainstHome,
    /// Distinct ID digits one account typed that the archive did not confirm.
    DigitsByAccount,
    /// Certifications one account began.
    CertificationsByAccount,
    /// Distinct whole ID numbers one account typed to be certified by.
    IdNumbersByAccount,
    /// Links to everything that is known of an account.
    Exports,
    /// What one account asks of the utility.
    Requests,
    /// Wrong passwords for one login from one place.
    PasswordsFromPlace,
    /// Registrations of generators by one account, and activations.
    RegistrationsByAccount,
    /// Registrations of one generator, over all accounts.
    RegistrationsOfGenerator,
    /// Encrypted identities shown for one generation account.
    PermissionsOfGenerator,
    /// Codes asked for from one place, whatever the account.
    CodesFromPlace,
    /// Those of them that are no act of the asker's own account.
    UnsignedCodesFromPlace,
    /// Codes sent to anybody: what they cost a day is agreed on ([`super::codes::Budget`]).
    CodesOfDay,
    /// Distinct consumer numbers shown from one place that were nobody's there.
    HomesFromPlace,
    /// Distinct consumer numbers one account showed that were not its own.
    HomesByAccount,
    /// Distinct ID numbers typed from one place by people whose they were not found to be.
    IdNumbersFromPlace,
    /// Distinct logins with a wrong password or code from one place.
    LoginsFromPlace,
    /// Wrong passwords for one of the staff from one place.
    StaffFromPlace,
}

/// How far a sliding window reaches back: 15 minutes.
pub const LATELY_S: i64 = 15 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    /// The last [`LATELY_S`], wherever on the clock they end.
    Sliding,
    Day,
    Year,
}

impl Guard {
    pub const ALL: [Self; 26] = [
        Self::CodesToPhone,
        Self::UnsignedCodesToPhone,
        Self::StrangersCodesToPhone,
        Self::TriesAgainstPhone,
        Self::UnsignedTriesAgainstPhone,
        Self::StrangersTriesAgainstPhone,
        Self::CodesByAccount,
        Self::CodesByPassword,
        Self::DigitsAgainstHome,
        Self::DigitsByAccount,
        Self::CertificationsByAccount,
        Self::IdNumbersByAccount,
        Self::Exports,
        Self::Requests,
        Self::PasswordsFromPlace,
        Self::RegistrationsByAccount,
        Self::RegistrationsOfGenerator,
        Self::PermissionsOfGenerator,
        Self::CodesFromPlace,
        Self::UnsignedCodesFromPlace,
        Self::CodesOfDay,
        Self::HomesFromPlace,
        Self::HomesByAccount,
        Self::IdNumbersFromPlace,
        Self::LoginsFromPlace,
        Self::StaffFromPlace,
    ];

    /// What counts a code that is sent to a phone, the narrowest first.
    #[must_use]
    pub const fn of_codes(cause: Cause) -> &'static [Self] {
        match cause {
            Cause::Anybody => &[
                Self::StrangersCodesToPhone,
                Self::UnsignedCodesToPhone,
                Self::CodesToPhone,
            ],
            Cause::Password => &[Self::UnsignedCodesToPhone, Self::CodesToPhone],
            Cause::Owner => &[Self::CodesToPhone],
        }
    }

    /// What counts a wrong try against a phone, the narrowest first.
    #[must_use]
    pub const fn of_tries(cause: Cause) -> &'static [Self] {
        match cause {
            Cause::Anybody => &[
                Self::StrangersTriesAgainstPhone,
                Self::UnsignedTriesAgainstPhone,
                Self::TriesAgainstPhone,
            ],
            Cause::Password => &[Self::UnsignedTriesAgainstPhone, Self::TriesAgainstPhone],
            Cause::Owner => &[Self::TriesAgainstPhone],
        }
    }

    /// What counts a code by the account it is asked for, the narrowest first.
    #[must_use]
    pub const fn of_asking(cause: Cause) -> &'static [Self] {
        match cause {
            Cause::Password => &[Self::CodesByPassword, Self::CodesByAccount],
            Cause::Anybody | Cause::Owner => &[Self::CodesByAccount],
        }
    }

    /// What counts a code by the place it is asked for from, the narrowest first.
    #[must_use]
    pub const fn of_place(cause: Cause) -> &'static [Self] {
        match cause {
            Cause::Anybody | Cause::Password => {
                &[Self::UnsignedCodesFromPlace, Self::CodesFromPlace]
            }
            Cause::Owner => &[Self::CodesFromPlace],
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodesToPhone => "codes_to_phone",
            Self::UnsignedCodesToPhone => "unsigned_codes_to_phone",
            Self::StrangersCodesToPhone => "strangers_codes_to_phone",
            Self::TriesAgainstPhone => "tries_against_phone",
            Self::UnsignedTriesAgainstPhone => "unsigned_tries_against_phone",
            Self::StrangersTriesAgainstPhone => "strangers_tries_against_phone",
            Self::CodesByAccount => "codes_by_account",
            Self::CodesByPassword => "codes_by_password",
            Self::DigitsAgainstHome => "digits_against_home",
            Self::DigitsByAccount => "digits_by_account",
            Self::CertificationsByAccount => "certifications_by_account",
            Self::IdNumbersByAccount => "id_numbers_by_account",
            Self::Exports => "exports",
            Self::Requests => "requests",
            Self::PasswordsFromPlace => "passwords_from_place",
            Self::RegistrationsByAccount => "registrations_by_account",
            Self::RegistrationsOfGenerator => "registrations_of_generator",
            Self::PermissionsOfGenerator => "permissions_of_generator",
            Self::CodesFromPlace => "codes_from_place",
            Self::UnsignedCodesFromPlace => "unsigned_codes_from_place",
            Self::CodesOfDay => "codes_of_day",
            Self::HomesFromPlace => "homes_from_place",
            Self::HomesByAccount => "homes_by_account",
            Self::IdNumbersFromPlace => "id_numbers_from_place",
            Self::LoginsFromPlace => "logins_from_place",
            Self::StaffFromPlace => "staff_from_place",
        }
    }

    /// How many a window takes.
    #[must_use]
    pub const fn most(self) -> i64 {
        match self {
            Self::CodesToPhone | Self::TriesAgainstPhone => otp::PER_PHONE_DAY_MAX,
            Self::UnsignedCodesToPhone | Self::UnsignedTriesAgainstPhone => {
                otp::UNSIGNED_PHONE_DAY_MAX
            }
            Self::StrangersCodesToPhone | Self::StrangersTriesAgainstPhone => {
                otp::STRANGERS_PHONE_DAY_MAX
            }
            Self::CodesByAccount => otp::PER_ACCOUNT_DAY_MAX,
            Self::CodesByPassword => otp::BY_PASSWORD_ACCOUNT_DAY_MAX,
            Self::DigitsAgainstHome | Self::PasswordsFromPlace | Self::StaffFromPlace => 5,
            Self::DigitsByAccount => 3,
            Self::CertificationsByAccount => super::certification::PER_ACCOUNT_DAY_MAX,
            Self::IdNumbersByAccount => super::certification::ID_NUMBERS_PER_YEAR_MAX,
            Self::Exports => 1,
            Self::Requests => 10,
            Self::RegistrationsByAccount => 10,
            Self::RegistrationsOfGenerator => 30,
            Self::PermissionsOfGenerator | Self::IdNumbersFromPlace => 20,
            // A carrier puts many homes behind one address.
            Self::CodesFromPlace => 200,
            // One of them who asks for everybody's leaves the others some.
            Self::UnsignedCodesFromPlace => 150,
            Self::CodesOfDay => super::codes::Budget::USUAL.codes_per_day(),
            Self::HomesFromPlace => 40,
            // More than an account may link, so that nobody stumbles over it by typing.
            Self::HomesByAccount => 12,
            Self::LoginsFromPlace => 15,
        }
    }

    const fn window(self) -> Window {
        match self {
            Self::CodesToPhone
            | Self::UnsignedCodesToPhone
            | Self::StrangersCodesToPhone
            | Self::TriesAgainstPhone
            | Self::UnsignedTriesAgainstPhone
            | Self::StrangersTriesAgainstPhone
            | Self::CodesByAccount
            | Self::CodesByPassword
            | Self::DigitsAgainstHome
            | Self::CertificationsByAccount
            | Self::Exports
            | Self::Requests
            | Self::RegistrationsByAccount
            | Self::RegistrationsOfGenerator
            | Self::PermissionsOfGenerator
            | Self::CodesFromPlace
            | Self::UnsignedCodesFromPlace
            | Self::CodesOfDay
            | Self::HomesFromPlace
            | Self::HomesByAccount
            | Self::IdNumbersFromPlace
            | Self::LoginsFromPlace => Window::Day,
            Self::DigitsByAccount | Self::IdNumbersByAccount => Window::Year,
            Self::PasswordsFromPlace | Self::StaffFromPlace => Window::Sliding,
        }
    }

    fn window_of(self, now: Time) -> String {
        let day = now.shanghai_date();
        match self.window() {
            Window::Sliding => "sliding".to_owned(),
            Window::Day => day,
            Window::Year => day.chars().take(4).collect(),
        }
    }
}

/// Seconds until a new day begins in Shanghai.
#[must_use]
pub fn seconds_to_next_day(now: Time) -> i64 {
    86_400_i64.saturating_sub(now.shanghai_second_of_day())
}

/// Counts one more and answers how many there are now, this one included.
pub async fn count(tx: &mut Tx, guard: Guard, key: &str, now: Time) -> Result<i64, StoreError> {
    tx.accounts()
        .count_attempt(guard, key, &guard.window_of(now), now)
        .await
}

/// How many there are now, without counting one more.
pub async fn so_far(tx: &mut Tx, guard: Guard, key: &str, now: Time) -> Result<i64, StoreError> {
    tx.accounts()
        .attempts(guard, key, &guard.window_of(now))
        .await
}

/// How many were noted in the last [`LATELY_S`]. Units that ask so for one key follow one another: those at
/// once cannot all find the door open.
pub async fn lately(tx: &mut Tx, guard: Guard, key: &str, now: Time) -> Result<i64, StoreError> {
    let window = guard.window_of(now);
    tx.accounts()
        .count_attempt(guard, key, &window, now)
        .await?;
    let after = now.plus_seconds(LATELY_S.saturating_neg());
    tx.accounts()
        .distinct_after(guard, key, &window, after)
        .await
}

/// Notes one by a name of its own, to be counted by [`lately`] from now on.
pub async fn note(
    tx: &mut Tx,
    guard: Guard,
    key: &str,
    name: &str,
    now: Time,
) -> Result<(), StoreError> {
    tx.accounts()
        .note_distinct(guard, key, &guard.window_of(now), name, now)
        .await
        .map(drop)
}

/// Counts one more; true while the window is not over-full.
pub async fn within(tx: &mut Tx, guard: Guard, key: &str, now: Time) -> Result<bool, StoreError> {
    Ok(count(tx, guard, key, now).await? <= guard.most())
}

/// Counts one more in each up to the first that is over-full; true while none is. What one refuses takes
/// nothing from those behind it.
pub async fn within_all(
    tx: &mut Tx,
    guards: &[Guard],
    key: &str,
    now: Time,
) -> Result<bool, StoreError> {
    for guard in guards {
        if !within(tx, *guard, key, now).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether one of them is over-full now, without counting one more.
pub async fn over_full(
    tx: &mut Tx,
    guards: &[Guard],
    key: &str,
    now: Time,
) -> Result<bool, StoreError> {
    for guard in guards {
        if so_far(tx, *guard, key, now).await? > guard.most() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes one distinct value; true while the window holds no more than it may. A value that is one
/// too many is not kept, so that earlier ones may still be tried again.
pub async fn within_distinct(
    tx: &mut Tx,
    guard: Guard,
    key: &str,
    value: &str,
    now: Time,
) -> Result<bool, StoreError> {
    let window = guard.window_of(now);
    // The counter's row makes units that note values for one key follow one another.
    tx.accounts()
        .count_attempt(guard, key, &window, now)
        .await?;
    let distinct = tx
        .accounts()
        .note_distinct(guard, key, &window, value, now)
        .await?;
    if distinct > guard.most() {
        tx.accounts()
            .forget_distinct(guard, key, &window, value)
            .await?;
        return Ok(false);
    }
    Ok(true)
}

/// Takes a distinct value back: it turned out right.
pub async fn forget_distinct(
    tx: &mut Tx,
    guard: Guard,
    key: &str,
    value: &str,
    now: Time,
) -> Result<(), StoreError> {
    tx.accounts()
        .forget_distinct(guard, key, &guard.window_of(now), value)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m3_1_windows_are_days_and_years_of_shanghai() {
        let late = Time::parse_rfc3339("2026-12-31T23:59:59+08:00").unwrap();
        assert_eq!(Guard::DigitsAgainstHome.window_of(late), "2026-12-31");
        assert_eq!(Guard::DigitsByAccount.window_of(late), "2026");
        assert_eq!(seconds_to_next_day(late), 1);
        let next = late.plus_seconds(1);
        assert_eq!(Guard::DigitsAgainstHome.window_of(next), "2027-01-01");
        assert_eq!(Guard::DigitsByAccount.window_of(next), "2027");
        assert_eq!(Guard::DigitsAgainstHome.most(), 5);
        assert_eq!(Guard::DigitsByAccount.most(), 3);
        assert_eq!(Guard::IdNumbersByAccount.most(), 3);
        assert_eq!(Guard::IdNumbersByAccount.window_of(late), "2026");
    }
}
