//! Whether two of the staff are one person: who left and came back has another login, and the same eyes.

use crate::shared::ids::StaffId;
use crate::store::{StoreError, Tx};

/// Whether two of the staff are one person, under one login or two: four eyes are two persons' (money.md 3.11). Each is
/// `staff:{id}` or the id alone; whoever is none of the staff is nobody but themselves.
///
/// # Errors
/// The store's.
pub(crate) async fn same_person(tx: &mut Tx, one: &str, other: &str) -> Result<bool, StoreError> {
    let bare = |who: &str| who.strip_prefix("staff:").unwrap_or(who).to_owned();
    let (one, other) = (bare(one), bare(other));
    if one == other {
        return Ok(true);
    }
    let (Ok(one), Ok(other)) = (StaffId::parse(&one), StaffId::parse(&other)) else {
        return Ok(false);
    };
    let one = tx.operators().find(&one).await?;
    let other = tx.operators().find(&other).await?;
    let both = one.zip(other);
    Ok(both.is_some_and(|(one, other)| one.person == other.person))
}
