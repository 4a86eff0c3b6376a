//! The machine the process runs on: room on its disks, and until when its certificate files hold.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use lifeline_core::shared::time::Time;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// Chains are two or three certificates; a file of many is no chain of ours.
const CERTIFICATES_MAX: usize = 64;
const FILE_BYTES_MAX: usize = 256 * 1024;

/// Room on the file system of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// For whom is not root.
    pub free_bytes: u64,
    pub whole_bytes: u64,
}

/// How much room there is where `path` lies.
///
/// # Errors
/// The system's, when the path is not there.
pub fn room_of(path: &Path) -> io::Result<Room> {
    let told = rustix::fs::statvfs(path)?;
    Ok(Room {
        free_bytes: told.f_bavail.saturating_mul(told.f_frsize),
        whole_bytes: told.f_blocks.saturating_mul(told.f_frsize),
    })
}

/// Whether this name or address of a host is the machine itself: what goes there crosses no network.
pub(crate) fn is_itself(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|at| at.is_loopback())
}

/// When the first certificate of a PEM file ends: a chain is over with its first member.
#[must_use]
pub fn first_end(pem: &[u8]) -> Option<Time> {
    if pem.len() > FILE_BYTES_MAX {
        return None;
    }
    let mut first: Option<Time> = None;
    for found in CertificateDer::pem_slice_iter(pem).take(CERTIFICATES_MAX) {
        let parsed = Certificate::from_der(&found.ok()?).ok()?;
        let end = parsed.tbs_certificate.validity.not_after;
        let seconds = i64::try_from(end.to_unix_duration().as_secs()).ok()?;
        let end = Time::from_micros(seconds.checked_mul(1_000_000)?);
        first = Some(first.map_or(end, |known| known.min(end)));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Self-signed, until 2027-11-21T08:46:31Z.
    const PEM: &str = include_str!("../../tests/vectors/certificates/line.pem");

    #[test]
    fn a_chain_ends_with_its_first_member() {
        let end = Time::parse_rfc3339("2027-11-21T08:46:31Z").unwrap();
        assert_eq!(first_end(PEM.as_bytes()), Some(end));
        let later = include_str!("../../tests/vectors/certificates/authority.pem");
        let both = format!("{later}{PEM}");
        assert_eq!(first_end(both.as_bytes()), Some(end));
        assert_ne!(first_end(later.as_bytes()), Some(end));
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        for odd in [
            "",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "text",
        ] {
            assert_eq!(first_end(odd.as_bytes()), None, "{odd}");
        }
        let broken = format!("{PEM}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert_eq!(first_end(broken.as_bytes()), None);
        assert_eq!(first_end(&vec![b'x'; FILE_BYTES_MAX + 1]), None);
    }

    #[test]
    fn a_folder_has_room_and_one_that_is_not_there_has_none() {
        let here = room_of(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(here.whole_bytes >= here.free_bytes && here.whole_bytes > 0);
        assert!(room_of(Path::new("/no/such/folder")).is_err());
    }
}
