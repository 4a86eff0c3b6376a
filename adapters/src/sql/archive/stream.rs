//! The form of an archive: a line that names it, a header in clear, then pieces of 64 KiB, each sealed
//! with AES-256-GCM-SIV under a key of the archive's own. A piece knows its number, whether it is the last,
//! and the header it belongs to: nothing can be changed, left out, put elsewhere or cut off unseen.

use std::io::{self, Read, Write};

use aes_gcm_siv::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::ArchiveError;
use crate::keyring::Keyring;

const NAME: &[u8] = b"lifeline archive 1\n";
const HEADER_BYTES_MAX: usize = 4_096;
const PIECE: usize = 64 * 1_024;
const TAG: usize = 16;

/// What an archive says of itself, in clear and yet unchangeable: every piece is sealed to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The key of the keyring that the archive's own is made from.
    pub kid: String,
    /// Makes the archive's key its own.
    pub salt: String,
    /// `live` or `demo`.
    pub kind: String,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// RFC 3339.
    pub made_at: String,
}

/// Seals pieces in their order.
struct Pieces {
    cipher: Aes256GcmSiv,
    header: [u8; 32],
    number: u64,
}

impl Pieces {
    fn of(header: &Header, line: &[u8], keyring: &Keyring) -> Result<Self, ArchiveError> {
        let key = keyring.archive_key(&header.kid, &header.salt);
        let key = key.map_err(|_| ArchiveError::OtherKey(header.kid.clone()))?;
        let cipher = Aes256GcmSiv::new_from_slice(&*key).map_err(|_| ArchiveError::Altered)?;
        Ok(Self {
            cipher,
            header: Sha256::digest(line).into(),
            number: 0,
        })
    }

    /// The nonce of the next piece: its number, and whether it is the last.
    fn next(&mut self, last: bool) -> Nonce {
        let mut nonce = [0_u8; 12];
        let (number, end) = nonce.split_at_mut(8);
        number.copy_from_slice(&self.number.to_be_bytes());
        end.fill(u8::from(last));
        self.number = self.number.saturating_add(1);
        Nonce::from(nonce)
    }

    fn seal(&mut self, piece: &[u8], last: bool) -> io::Result<Vec<u8>> {
        let nonce = self.next(last);
        let payload = Payload {
            msg: piece,
            aad: &self.header,
        };
        let sealed = self.cipher.encrypt(&nonce, payload);
        sealed.map_err(|_| io::Error::other("a piece could not be sealed"))
    }

    fn open(&mut self, sealed: &[u8], last: bool) -> Result<Zeroizing<Vec<u8>>, ArchiveError> {
        let nonce = self.next(last);
        let payload = Payload {
            msg: sealed,
            aad: &self.header,
        };
        let opened = self.cipher.decrypt(&nonce, payload);
        opened
            .map(Zeroizing::new)
            .map_err(|_| ArchiveError::Altered)
    }
}

/// Writes an archive. Without [`Sealing::finish`] it has no last piece, and nobody can read it.
pub(super) struct Sealing<W: Write> {
    out: W,
    pieces: Pieces,
    piece: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealing<W> {
    pub(super) fn begin(
        mut out: W,
        header: &Header,
        keyring: &Keyring,
    ) -> Result<Self, ArchiveError> {
        let mut line = serde_json::to_vec(header).map_err(io::Error::other)?;
        line.push(b'\n');
        out.write_all(NAME)?;
        out.write_all(&line)?;
        Ok(Self {
            out,
            pieces: Pieces::of(header, &line, keyring)?,
            piece: Zeroizing::new(Vec::with_capacity(PIECE)),
        })
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        let last = self.pieces.seal(&self.piece, true)?;
        self.out.write_all(&last)?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece waits for what follows: only then is it known not to be the last.
        if self.piece.len() == PIECE {
            let sealed = self.pieces.seal(&self.piece, false)?;
            self.out.write_all(&sealed)?;
            self.piece.clear();
        }
        let room = PIECE.saturating_sub(self.piece.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.piece.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads an archive piece by piece; what it hands out was verified.
pub(super) struct Opening<R: Read> {
    from: R,
    pieces: Pieces,
    /// Read and not opened yet.
    sealed: Vec<u8>,
}

impl<R: Read> Opening<R> {
    pub(super) fn begin(mut from: R, keyring: &Keyring) -> Result<(Header, Self), ArchiveError> {
        let mut name = vec![0_u8; NAME.len()];
        from.read_exact(&mut name)
            .map_err(|_| ArchiveError::NotOurs)?;
        if name != NAME {
            return Err(ArchiveError::NotOurs);
        }
        let line = line_of(&mut from)?;
        let header: Header = serde_json::from_slice(&line).map_err(|_| ArchiveError::NotOurs)?;
        let pieces = Pieces::of(&header, &line, keyring)?;
        let mut opening = Self {
            from,
            pieces,
            sealed: Vec::new(),
        };
        opening.fill()?;
        Ok((header, opening))
    }

    /// Reads on until a whole piece and one byte of the next are there, or the end.
    fn fill(&mut self) -> io::Result<()> {
        let wanted = PIECE.saturating_add(TAG).saturating_add(1);
        let lacking = wanted.saturating_sub(self.sealed.len());
        let lacking = u64::try_from(lacking).unwrap_or(u64::MAX);
        let mut more = self.from.by_ref().take(lacking);
        more.read_to_end(&mut self.sealed)?;
        Ok(())
    }

    /// Hands every piece to `out`, in order; ends only after the last piece of the archive was verified.
    pub(super) fn pour(mut self, out: &mut impl Write) -> Result<(), ArchiveError> {
        let whole = PIECE.saturating_add(TAG);
        loop {
            let last = self.sealed.len() <= whole;
            let piece = self.sealed.get(..whole).unwrap_or(&self.sealed);
            let opened = self.pieces.open(piece, last)?;
            out.write_all(&opened)?;
            if last {
                return Ok(());
            }
            self.sealed.drain(..whole);
            self.fill()?;
        }
    }
}

fn line_of(from: &mut impl Read) -> Result<Vec<u8>, ArchiveError> {
    let mut line = Vec::new();
    let mut byte = [0_u8];
    while line.len() < HEADER_BYTES_MAX {
        from.read_exact(&mut byte)
            .map_err(|_| ArchiveError::NotOurs)?;
        line.extend_from_slice(&byte);
        if byte == *b"\n" {
            return Ok(line);
        }
    }
    Err(ArchiveError::NotOurs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::InstanceKind;

    fn header(keyring: &Keyring) -> Header {
        Header {
            kid: keyring.archive_kid().expect("a key"),
            salt: "5a".repeat(32),
            kind: "demo".into(),
            engine: "sqlite".into(),
            made_at: "2026-11-21T00:00:00Z".into(),
        }
    }

    fn sealed(keyring: &Keyring, clear: &[u8]) -> Vec<u8> {
        let mut sealing = Sealing::begin(Vec::new(), &header(keyring), keyring).expect("begun");
        sealing.write_all(clear).expect("sealed");
        sealing.finish().expect("finished")
    }

    fn opened(keyring: &Keyring, archive: &[u8]) -> Result<Vec<u8>, ArchiveError> {
        let mut clear = Vec::new();
        Opening::begin(archive, keyring)?.1.pour(&mut clear)?;
        Ok(clear)
    }

    #[test]
    fn ec_28_every_length_comes_back_and_shows_nothing_on_its_way() {
        let keyring = Keyring::generate(InstanceKind::Demo).expect("keys");
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7] {
            let clear = b"a household's line ".repeat(length / 19 + 1);
            let clear = &clear[..length];
            let archive = sealed(&keyring, clear);
            assert_eq!(opened(&keyring, &archive).expect("opened"), clear);
            let shows = archive.windows(9).any(|part| part == b"household");
            assert!(!shows, "{length}: it lies in clear");
        }
    }

    #[test]
    fn ec_28_no_flipped_byte_no_cut_and_nothing_added_goes_unseen() {
        let keyring = Keyring::generate(InstanceKind::Demo).expect("keys");
        let archive = sealed(&keyring, &vec![7; 2 * PIECE + 100]);
        let first = NAME.len();
        for at in (0..archive.len())
            .step_by(997)
            .chain([first, first + 20, archive.len() - 1])
        {
            let mut changed = archive.clone();
            changed[at] ^= 1;
            assert!(
                opened(&keyring, &changed).is_err(),
                "byte {at} was changed unseen"
            );
        }
        let body = archive.len() - (2 * PIECE + 100 + 3 * TAG);
        let cuts = [0, first, body, body + PIECE + TAG, body + 2 * (PIECE + TAG)];
        for cut in cuts.into_iter().chain([archive.len() - 1]) {
            assert!(
                opened(&keyring, &archive[..cut]).is_err(),
                "cut at {cut} unseen"
            );
        }
        let longer = [&archive[..], b"x"].concat();
        assert!(matches!(
            opened(&keyring, &longer),
            Err(ArchiveError::Altered)
        ));
        // Two pieces change places.
        let mut swapped = archive.clone();
        let (one, two) = (body, body + PIECE + TAG);
        swapped[one..two].copy_from_slice(&archive[two..two + PIECE + TAG]);
        swapped[two..two + PIECE + TAG].copy_from_slice(&archive[one..two]);
        assert!(matches!(
            opened(&keyring, &swapped),
            Err(ArchiveError::Altered)
        ));
    }

    #[test]
    fn ec_28_another_keyring_is_told_which_key_it_lacks() {
        let keyring = Keyring::generate(InstanceKind::Demo).expect("keys");
        let archive = sealed(&keyring, b"x");
        let other = Keyring::generate(InstanceKind::Demo).expect("keys");
        let refused = opened(&other, &archive);
        let kid = keyring.archive_kid().expect("a key");
        assert!(matches!(refused, Err(ArchiveError::OtherKey(lacks)) if lacks == kid));
        for nothing in [&b""[..], b"PGDMP", b"lifeline archive 2\n{}\n", NAME] {
            assert!(matches!(
                opened(&keyring, nothing),
                Err(ArchiveError::NotOurs)
            ));
        }
    }
}
