//! Pictures from outside: their format is read from the bytes, never from a name; sizes and memory are
//! limited before a pixel is decoded; what is kept is written anew from the pixels, so that nothing of
//! the file (places, cameras, trailers, a second format behind the first) is left.

use std::io::Cursor;

use async_trait::async_trait;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView as _, ImageDecoder as _, ImageFormat, ImageReader, Limits,
};
use lifeline_core::publications::ports::{NotAPicture, Picture, Pictures};

/// The largest file that is looked at.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest side a file may state; nothing larger is decoded.
pub const SIDE_MAX: u32 = 8_000;
/// The longest side that is kept.
pub const KEPT_SIDE_MAX: u32 = 1_280;
/// Pixels of one file may take this much memory: 40 megapixels of four bytes.
const MEMORY_MAX: u64 = 160 * 1024 * 1024;
const JPEG_QUALITY: u8 = 82;

/// Develops pictures on threads of their own: decoding is work, not waiting.
#[derive(Debug, Clone, Copy, Default)]
pub struct Darkroom;

#[async_trait]
impl Pictures for Darkroom {
    async fn develop(&self, bytes: Vec<u8>) -> Result<Picture, NotAPicture> {
        let developed = tokio::task::spawn_blocking(move || develop(&bytes)).await;
        developed.unwrap_or(Err(NotAPicture::Broken))
    }
}

/// One file.
///
/// # Errors
/// [`NotAPicture`], whatever the bytes are.
pub fn develop(bytes: &[u8]) -> Result<Picture, NotAPicture> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(NotAPicture::TooLarge);
    }
    let format = image::guess_format(bytes).map_err(|_| NotAPicture::Format)?;
    if !matches!(
        format,
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP
    ) {
        return Err(NotAPicture::Format);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(MEMORY_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refused(&error))?;
    // Before decoding: the sides stated are what memory is taken for.
    let (width, height) = decoder.dimensions();
    if width > SIDE_MAX || height > SIDE_MAX || decoder.total_bytes() > MEMORY_MAX {
        return Err(NotAPicture::TooLarge);
    }
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| refused(&error))?;
    picture.apply_orientation(turned);
    if picture.width() > KEPT_SIDE_MAX || picture.height() > KEPT_SIDE_MAX {
        picture = picture.resize(KEPT_SIDE_MAX, KEPT_SIDE_MAX, FilterType::Triangle);
    }
    write(&picture)
}

fn refused(error: &image::ImageError) -> NotAPicture {
    match error {
        image::ImageError::Limits(_) => NotAPicture::TooLarge,
        _ => NotAPicture::Broken,
    }
}

/// JPEG, unless something shines through.
fn write(picture: &DynamicImage) -> Result<Picture, NotAPicture> {
    let clear =
        picture.color().has_alpha() && picture.pixels().any(|(_, _, pixel)| pixel.0[3] < 255);
    let mut bytes = Vec::new();
    let written = if clear {
        picture
            .to_rgba8()
            .write_with_encoder(PngEncoder::new(&mut bytes))
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
        picture.to_rgb8().write_with_encoder(encoder)
    };
    written.map_err(|_| NotAPicture::Broken)?;
    Ok(Picture {
        media_type: if clear { "image/png" } else { "image/jpeg" },
        width: i64::from(picture.width()),
        height: i64::from(picture.height()),
        bytes,
    })
}

#[cfg(test)]
mod tests;
