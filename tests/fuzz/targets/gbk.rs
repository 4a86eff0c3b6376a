//! GBK, the encoding of the channel's bill files: a text is taken only when every byte of it was
//! read, and reads the same when it is written again.

use encoding_rs::GBK;

use super::vectors;

pub(super) fn decode(data: &[u8]) {
    let whole = GBK.decode_without_bom_handling_and_without_replacement(data);
    let (lossy, had_errors) = GBK.decode_without_bom_handling(data);
    assert_eq!(whole.is_none(), had_errors, "a byte was replaced unnoticed");
    let Some(text) = whole else { return };
    assert_eq!(text, lossy);
    assert!(text.chars().count() <= data.len());
    let (bytes, _, unmappable) = GBK.encode(&text);
    if !unmappable {
        let again = GBK.decode_without_bom_handling_and_without_replacement(&bytes);
        assert_eq!(
            again.as_deref(),
            Some(&*text),
            "it reads otherwise the second time"
        );
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let bill = vectors::file("bill_trade");
    let texts = ["detail_utf8", "summary_utf8"].map(|name| bill[name].as_str().unwrap_or_default());
    let mut seeds: Vec<Vec<u8>> = texts
        .iter()
        .map(|text| GBK.encode(text).0.into_owned())
        .collect();
    seeds.extend(["户号", "￥12.34，€", "𠮷"].map(|text| GBK.encode(text).0.into_owned()));
    seeds
}
