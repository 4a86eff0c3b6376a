//! The one file of a posted form (`multipart/form-data`, RFC 7578).

/// The part that has a file name; `None` when the bytes are no such form, or have none.
pub(super) fn file_of(body: &[u8]) -> Option<Vec<u8>> {
    let end = find(body, b"\r\n")?;
    let boundary = body
        .get(..end)
        .filter(|line| line.starts_with(b"--") && line.len() > 2)?;
    let mut between = b"\r\n".to_vec();
    between.extend_from_slice(boundary);
    let mut rest = body.get(end.checked_add(2)?..)?;
    loop {
        let part_end = find(rest, &between)?;
        let part = rest.get(..part_end)?;
        if let Some(head_end) = find(part, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(part.get(..head_end)?).to_lowercase();
            if head.contains("filename=") {
                return part.get(head_end.checked_add(4)?..).map(<[u8]>::to_vec);
            }
        }
        rest = rest.get(part_end.checked_add(between.len())?..)?;
        rest = rest.strip_prefix(b"\r\n")?;
    }
}

/// Characters of a file's name that are told.
const NAME_CHARS_MAX: usize = 200;

/// What the file of a form is called, by whoever sends it; the beginning of the form is enough.
pub(super) fn file_name_of(body: &[u8]) -> Option<String> {
    const SAID: &[u8] = b"filename=\"";
    let from = find(body, SAID)?.checked_add(SAID.len())?;
    let rest = body.get(from..)?;
    let name = String::from_utf8_lossy(rest.get(..find(rest, b"\"")?)?);
    let name: String = name.trim().chars().take(NAME_CHARS_MAX).collect();
    (!name.is_empty()).then_some(name)
}

/// Whether a form, or its beginning, has a field of this name.
pub(super) fn has_field(body: &[u8], name: &str) -> bool {
    find(body, format!("; name=\"{name}\"").as_bytes()).is_some()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|part| part == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_taken_byte_for_byte() {
        let body = b"--X\r\nContent-Disposition: form-data; name=\"mark\"\r\n\r\nabc\r\n--X\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89P\r\nN\r\n--X--\r\n";
        assert_eq!(file_of(body).as_deref(), Some(b"\x89P\r\nN".as_slice()));
    }

    #[test]
    fn the_beginning_of_a_form_tells_its_fields_and_what_its_file_is_called() {
        let body = "--X\r\nContent-Disposition: form-data; name=\"mark\"\r\n\r\nabc\r\n--X\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\" 检修.png\"\r\nContent-Type: im"
            .as_bytes();
        assert_eq!(file_name_of(body).as_deref(), Some("检修.png"));
        assert!(
            has_field(body, "mark") && has_field(body, "file") && !has_field(body, "kept_form")
        );
        for none in ["", "filename=\"\"", "filename=\"  \"", "filename=\"cut"] {
            assert_eq!(file_name_of(none.as_bytes()), None, "{none}");
        }
        let long = format!("filename=\"{}\"", "长".repeat(300));
        let name = file_name_of(long.as_bytes()).unwrap();
        assert_eq!(name.chars().count(), NAME_CHARS_MAX);
    }

    #[test]
    fn what_is_no_form_has_no_file() {
        for bad in [
            b"".as_slice(),
            b"--\r\n",
            b"--X\r\n",
            b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--X--\r\n",
            b"\x89PNG\r\n\x1a\n",
        ] {
            assert_eq!(file_of(bad), None);
        }
    }
}
