//! How many counts are written in one row: each number as what it is more than the one before, in few bytes.

use std::collections::BTreeMap;

/// Seven bits at a time, the lowest first; the high bit says that more follow.
fn write(into: &mut Vec<u8>, number: i64) {
    let mut rest = number.unsigned_abs();
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or(0);
        rest >>= 7;
        if rest == 0 {
            into.push(low);
            return;
        }
        into.push(low | 0x80);
    }
}

fn read(bytes: &mut std::slice::Iter<'_, u8>) -> Option<i64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.next()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return i64::try_from(number).ok();
        }
    }
    None
}

/// Cells in their order with how often.
pub(super) fn packed(cells: &BTreeMap<i64, i64>) -> Vec<u8> {
    let (mut bytes, mut before) = (Vec::new(), 0);
    for (cell, n) in cells {
        write(&mut bytes, cell.saturating_sub(before));
        write(&mut bytes, *n);
        before = *cell;
    }
    bytes
}

/// Hands out each cell of a pack; `None` when it is none.
pub(super) fn unpack(bytes: &[u8], mut each: impl FnMut(i64, i64)) -> Option<()> {
    let (mut bytes, mut cell) = (bytes.iter(), 0_i64);
    while !bytes.as_slice().is_empty() {
        cell = cell.saturating_add(read(&mut bytes)?);
        each(cell, read(&mut bytes)?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_read_as_it_was_written_and_a_torn_one_is_none() {
        let cells: BTreeMap<i64, i64> = [
            (0, 1),
            (12_131_504, 127),
            (12_131_505, 128),
            (99_999_999, i64::MAX / 2),
        ]
        .into();
        let bytes = packed(&cells);
        let mut found = BTreeMap::new();
        let whole = unpack(&bytes, |cell, n| {
            found.insert(cell, n);
        });
        assert_eq!((whole, found), (Some(()), cells));
        assert_eq!(unpack(&bytes[..bytes.len() - 1], |_, _| ()), None);
        assert_eq!(unpack(&[0xff; 20], |_, _| ()), None);
        assert_eq!(unpack(&[], |_, _| ()), Some(()));
    }
}
