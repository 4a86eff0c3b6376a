//! What is a picture and what is not, at the limits and beyond.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use lifeline_core::publications::ports::NotAPicture;

use super::{FILE_BYTES_MAX, KEPT_SIDE_MAX, SIDE_MAX, develop};

fn file(width: u32, height: u32, alpha: u8, format: ImageFormat) -> Vec<u8> {
    let pixels = RgbaImage::from_fn(width, height, |x, y| {
        Rgba([
            u8::try_from(x % 256).unwrap(),
            u8::try_from(y % 256).unwrap(),
            90,
            alpha,
        ])
    });
    let picture = DynamicImage::ImageRgba8(pixels);
    let mut bytes = Cursor::new(Vec::new());
    let flat = DynamicImage::ImageRgb8(picture.to_rgb8());
    let written = if format == ImageFormat::Jpeg {
        flat
    } else {
        picture
    };
    written.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn the_three_formats_become_what_the_page_shows() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let picture = develop(&file(40, 30, 255, format)).unwrap();
        assert_eq!(
            (picture.media_type, picture.width, picture.height),
            ("image/jpeg", 40, 30)
        );
        assert_eq!(
            image::guess_format(&picture.bytes).unwrap(),
            ImageFormat::Jpeg
        );
    }
    let clear = develop(&file(40, 30, 90, ImageFormat::Png)).unwrap();
    assert_eq!(clear.media_type, "image/png");
}

#[test]
fn a_large_picture_is_made_small_and_keeps_its_shape() {
    let at = develop(&file(KEPT_SIDE_MAX, 10, 255, ImageFormat::Png)).unwrap();
    assert_eq!((at.width, at.height), (i64::from(KEPT_SIDE_MAX), 10));
    let above = develop(&file(KEPT_SIDE_MAX * 2, 640, 255, ImageFormat::Png)).unwrap();
    assert_eq!((above.width, above.height), (i64::from(KEPT_SIDE_MAX), 320));
}

#[test]
fn sides_hold_at_the_limit_and_one_beyond() {
    assert!(develop(&file(SIDE_MAX, 1, 255, ImageFormat::Png)).is_ok());
    assert_eq!(
        develop(&file(SIDE_MAX + 1, 1, 255, ImageFormat::Png)),
        Err(NotAPicture::TooLarge)
    );
}

/// A small file that states sides of gigabytes: nothing of it is decoded.
#[test]
fn a_bomb_is_refused_by_what_it_states() {
    let mut png = file(4, 4, 255, ImageFormat::Png);
    // Width and height of IHDR, and its checksum.
    png[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(develop(&png), Err(NotAPicture::TooLarge));
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[test]
fn what_only_says_it_is_a_picture_is_refused() {
    for fake in [
        b"".as_slice(),
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script></html>",
        b"GIF89a\x01\x00\x01\x00",
        b"%PDF-1.7",
        b"BM\x00\x00",
    ] {
        assert_eq!(develop(fake), Err(NotAPicture::Format));
    }
    assert_eq!(
        develop(b"\x89PNG\r\n\x1a\nand then nothing of the kind"),
        Err(NotAPicture::Broken)
    );
    let mut cut = file(200, 200, 255, ImageFormat::Png);
    cut.truncate(60);
    assert!(develop(&cut).is_err());
}

#[test]
fn a_file_may_be_four_mebibytes_and_not_a_byte_more() {
    // A trailer behind the picture is not read, and is not kept.
    let mut bytes = file(20, 20, 255, ImageFormat::Png);
    bytes.resize(FILE_BYTES_MAX, b'x');
    let picture = develop(&bytes).unwrap();
    assert!(picture.bytes.len() < 4_000);
    bytes.push(b'x');
    assert_eq!(develop(&bytes), Err(NotAPicture::TooLarge));
}

#[test]
fn nothing_of_the_files_metadata_is_left() {
    let jpeg = file(20, 20, 255, ImageFormat::Jpeg);
    let mut marked = jpeg[..2].to_vec();
    let told = b"Exif\0\0GPS 41.25N 118.9E of somebody's home";
    marked.extend([0xff, 0xe1]);
    marked.extend(u16::try_from(told.len() + 2).unwrap().to_be_bytes());
    marked.extend(told);
    marked.extend(&jpeg[2..]);
    marked.extend(b"PK\x03\x04 a second file behind the first");
    let picture = develop(&marked).unwrap();
    let holds = |what: &[u8]| picture.bytes.windows(what.len()).any(|part| part == what);
    assert!(!holds(b"GPS") && !holds(b"Exif") && !holds(b"PK\x03\x04"));
}

/// Whatever the bytes are, the answer is a picture or a refusal.
#[test]
fn broken_bytes_never_panic() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = file(24, 24, 200, format);
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 0xff;
            let _ = develop(&broken);
        }
    }
}
