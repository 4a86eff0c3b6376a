use std::os::unix::fs::PermissionsExt as _;

use super::*;

const PLACE: Place<'static> = Place {
    table: "account",
    column: "phone",
    row: "1",
};

fn ring() -> Keyring {
    Keyring::generate(InstanceKind::Demo).unwrap()
}

#[test]
fn a_saved_ring_opens_what_it_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keyring.json");
    let made = Keyring::load_or_create_demo(&path).unwrap();
    let envelope = made.seal("service", &PLACE, b"19000000001").unwrap();
    let again = Keyring::load_or_create_demo(&path).unwrap();
    assert_eq!(
        &**again.open("service", &PLACE, &envelope).unwrap(),
        b"19000000001"
    );
    assert_eq!(
        made.blind("account", "phone", "x"),
        again.blind("account", "phone", "x")
    );
    assert!(matches!(
        Keyring::load(&path, InstanceKind::Live),
        Err(KeyringError::WrongKind { .. })
    ));
    assert!(Keyring::create(&path, InstanceKind::Demo).is_err());
}

#[test]
fn two_first_starts_agree_on_one_ring_and_leave_no_drafts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keyring.json");
    let start = || Keyring::load_or_create_demo(&path).unwrap();
    let indexes: Vec<_> = std::thread::scope(|scope| {
        let starters: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        starters
            .into_iter()
            .map(|starter| starter.join().unwrap().blind("t", "c", "x").unwrap())
            .collect()
    });
    assert!(indexes.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_ring_that_is_not_whole_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keyring.json");
    Keyring::create(&path, InstanceKind::Demo).unwrap();
    let whole = std::fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"version\": 1", "\"version\": 2"),
        ("\"cursor\"", "\"jwt\""),
        ("\"cursor\"", "\"something\""),
        ("\"active\"", "\"retired\""),
        ("\"demo\"", "\"test\""),
        ("\"material\": \"", "\"material\": \"AAAA"),
        ("\"keys\"", "\"extra\": 1, \"keys\""),
    ] {
        assert!(whole.contains(from), "{from}");
        std::fs::write(&path, whole.replacen(from, to, 1)).unwrap();
        let refused = Keyring::load(&path, InstanceKind::Demo).map(|_| ());
        assert!(
            matches!(refused, Err(KeyringError::Malformed(_))),
            "{from} -> {to}: {refused:?}"
        );
    }
}

#[test]
fn a_file_open_to_others_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keyring.json");
    Keyring::create(&path, InstanceKind::Live).unwrap();
    for mode in [0o644, 0o640, 0o700, 0o400] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(
            matches!(Keyring::load(&path, InstanceKind::Live), Err(KeyringError::Mode(m)) if m == mode)
        );
    }
    let link = dir.path().join("link.json");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(Keyring::load(&link, InstanceKind::Live).is_err());
}

#[test]
fn an_envelope_opens_only_in_its_place_and_unaltered() {
    let ring = ring();
    let envelope = ring.seal("service", &PLACE, b"clear").unwrap();
    assert!(envelope.starts_with("a1:") && !envelope.contains("clear"));
    for other in [
        Place { row: "2", ..PLACE },
        Place {
            column: "name",
            ..PLACE
        },
        Place {
            table: "accountp",
            column: "hone",
            ..PLACE
        },
    ] {
        assert_eq!(ring.open("service", &other, &envelope), Err(Unsealable));
    }
    assert_eq!(ring.open("answer", &PLACE, &envelope), Err(Unsealable));
    assert_eq!(
        self::ring().open("service", &PLACE, &envelope),
        Err(Unsealable)
    );
    for at in 0..envelope.len() {
        let mut bytes = envelope.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        assert_eq!(
            ring.open("service", &PLACE, &altered),
            Err(Unsealable),
            "byte {at}"
        );
    }
    assert_ne!(envelope, ring.seal("service", &PLACE, b"clear").unwrap());
}

#[test]
fn a_retired_key_still_opens() {
    let mut ring = ring();
    let old = ring.seal("service", &PLACE, b"old").unwrap();
    for key in &mut ring.keys {
        if key.purpose == Purpose::DataWrapping {
            key.state = KeyState::Retired;
        }
    }
    ring.keys
        .push(file::fresh_key(Purpose::DataWrapping, KeyState::Active).unwrap());
    let new = ring.seal("service", &PLACE, b"new").unwrap();
    assert_ne!(cipher::kid_of(&old), cipher::kid_of(&new));
    assert_eq!(&**ring.open("service", &PLACE, &old).unwrap(), b"old");
    assert_eq!(&**ring.open("service", &PLACE, &new).unwrap(), b"new");
}

#[test]
fn blind_indexes_differ_by_column_and_key_and_equal_for_equal_values() {
    let ring = ring();
    let index = ring.blind("account", "phone", "19000000001").unwrap();
    let kid = ring.active(Purpose::BlindIndex).unwrap().kid();
    assert_eq!(index.len(), kid.len() + 1 + 64);
    assert!(index.starts_with(&format!("{kid}:")));
    assert_eq!(
        Ok(index.clone()),
        ring.blind("account", "phone", "19000000001")
    );
    assert_ne!(
        Ok(index.clone()),
        ring.blind("account", "id_no", "19000000001")
    );
    assert_ne!(
        Ok(index.clone()),
        ring.blind("account", "phone", "19000000002")
    );
    assert_ne!(
        Ok(index),
        self::ring().blind("account", "phone", "19000000001")
    );
    assert_ne!(
        ring.token_digest("otp", "123456"),
        ring.token_digest("ticket", "123456")
    );
}

#[test]
fn nothing_prints_a_key() {
    let ring = ring();
    let shown = format!("{ring:?} {:?}", ring.active(Purpose::Cursor));
    assert_eq!(shown, "[Keyring] Some([Key])");
}
