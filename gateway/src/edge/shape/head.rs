//! Path, query and headers against the table, without copying what is refused.

use actix_web::dev::RequestHead;
use actix_web::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderMap,
    HeaderName, TRANSFER_ENCODING,
};

use super::{
    ENCODED, HEADER_BYTES, HEADER_ONCE, HEADERS, NO_BODY, PATH, PATH_WORDS, QUERY, QUERY_NAMES,
    QUERY_PAIRS, QUERY_TEXT, RELAY_BYTES, RELAY_LINES, Rule, Takes, is_name, may_stand,
};

/// What would mean two things if it were said twice.
const ONCE: [HeaderName; 7] = [
    AUTHORIZATION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    CONTENT_ENCODING,
    TRANSFER_ENCODING,
    HOST,
    // A session's secret is never one of two.
    COOKIE,
];
const OURS_ONCE: [&str; 3] = ["idempotency-key", "x-http-method-override", "traceparent"];

/// Holds the head of a request against the table; the rule it breaks, if any. What was `relayed` has lines
/// of the relay's beside those of the client.
pub fn check(head: &RequestHead, takes: Takes, relayed: bool) -> Result<(), Rule> {
    path(head.uri.path())?;
    query(head.uri.query().unwrap_or_default())?;
    headers(&head.headers, relayed)?;
    body(&head.headers, takes)
}

fn holds(holds: bool, rule: Rule) -> Result<(), Rule> {
    if holds { Ok(()) } else { Err(rule) }
}

/// Our paths are words between slashes.
pub fn path(path: &str) -> Result<(), Rule> {
    holds(path.len() <= PATH.most, PATH)?;
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let word =
        |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
    let parts = path.strip_prefix('/').unwrap_or_default();
    holds(parts.split('/').all(word), PATH_WORDS)
}

/// Names of ours, each once, with texts that hide nothing.
pub fn query(query: &str) -> Result<(), Rule> {
    holds(query.len() <= QUERY.most, QUERY)?;
    if query.is_empty() {
        return Ok(());
    }
    let mut names: Vec<&str> = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        holds(is_name(name, QUERY_NAMES.most), QUERY_NAMES)?;
        holds(!names.contains(&name), QUERY_NAMES)?;
        names.push(name);
        holds(names.len() <= QUERY_PAIRS.most, QUERY_PAIRS)?;
        let text = decoded(value).and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or(QUERY_TEXT)?;
        let one_line = |c: char| may_stand(c) && c != '\n' && c != '\t';
        holds(text.chars().all(one_line), QUERY_TEXT)?;
    }
    Ok(())
}

/// Percent-decoded; `None` where a `%` is followed by anything but two digits.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    Some(plain)
}

fn headers(headers: &HeaderMap, relayed: bool) -> Result<(), Rule> {
    let (lines_more, bytes_more) = if relayed {
        (RELAY_LINES, RELAY_BYTES)
    } else {
        (0, 0)
    };
    let lines = headers.len().saturating_sub(lines_more);
    holds(lines <= HEADERS.most, HEADERS)?;
    let bytes = headers
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
        .fold(0_usize, usize::saturating_add);
    let bytes = bytes.saturating_sub(bytes_more);
    holds(bytes <= HEADER_BYTES.most, HEADER_BYTES)?;
    // Whoever said nothing twice has as many names as values.
    if headers.len() == headers.len_keys() {
        return Ok(());
    }
    let said_once = |name: &HeaderName| headers.get_all(name).count() <= HEADER_ONCE.most;
    let names_said_once = ONCE.iter().all(said_once)
        && OURS_ONCE
            .iter()
            .all(|name| headers.get_all(*name).count() <= HEADER_ONCE.most);
    holds(names_said_once, HEADER_ONCE)
}

fn body(headers: &HeaderMap, takes: Takes) -> Result<(), Rule> {
    let packed = headers.get(CONTENT_ENCODING);
    holds(packed.is_none_or(|how| how == "identity"), ENCODED)?;
    if takes == Takes::Nothing {
        let sized = headers
            .get(CONTENT_LENGTH)
            .is_some_and(|length| length != "0");
        let streamed = headers.contains_key(TRANSFER_ENCODING);
        holds(!sized && !streamed, NO_BODY)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn ec_27_a_path_is_words_at_n_and_not_at_n_plus_one() {
        let long = |length: usize| format!("/{}", "a".repeat(length - 1));
        assert_eq!(path(&long(PATH.most)), Ok(()));
        assert_eq!(path(&long(PATH.most + 1)), Err(PATH));
        assert_eq!(
            path("/v1/bindings/019aa2f0-0000-7000-8000-000000000009"),
            Ok(())
        );
        for odd in [
            "",
            "v1",
            "/v1//bindings",
            "/v1/../x",
            "/v1/./x",
            "/v1/%2e%2e/x",
            "/v1/a%00",
            "/v1/a;b",
            "/v1/a'--",
            "/v1/$where",
            "/v1/a*b",
            "/v1/a(b)",
        ] {
            assert_eq!(path(odd), Err(PATH_WORDS), "{odd}");
        }
    }

    #[test]
    fn ec_27_a_query_is_names_of_ours_at_n_and_not_at_n_plus_one() {
        assert_eq!(
            query("limit=20&cursor=abc-_&q=%E5%81%9C%E7%94%B5+a"),
            Ok(())
        );
        let value = |length: usize| format!("q={}", "a".repeat(length - 2));
        assert_eq!(query(&value(QUERY.most)), Ok(()));
        assert_eq!(query(&value(QUERY.most + 1)), Err(QUERY));
        let pairs = |n: usize| {
            (0..n)
                .map(|at| format!("a{at}=1"))
                .collect::<Vec<_>>()
                .join("&")
        };
        assert_eq!(query(&pairs(QUERY_PAIRS.most)), Ok(()));
        assert_eq!(query(&pairs(QUERY_PAIRS.most + 1)), Err(QUERY_PAIRS));
        let name = |length: usize| format!("{}=1", "a".repeat(length));
        assert_eq!(query(&name(QUERY_NAMES.most)), Ok(()));
        assert_eq!(query(&name(QUERY_NAMES.most + 1)), Err(QUERY_NAMES));
        for odd in [
            "limit=1&limit=2",
            "filter[x]=1",
            "$where=1",
            "a.b=1",
            "=1",
            "a=1&",
            "Q=1",
            "%71=1",
        ] {
            assert_eq!(query(odd), Err(QUERY_NAMES), "{odd}");
        }
        for odd in ["q=%00", "q=%0a", "q=%ff", "q=%zz", "q=%e2%80%ae", "q=%2"] {
            assert_eq!(query(odd), Err(QUERY_TEXT), "{odd}");
        }
    }

    fn headed(lines: &[(&str, String)], takes: Takes) -> Result<(), Rule> {
        arrived(lines, takes, false)
    }

    fn arrived(lines: &[(&str, String)], takes: Takes, relayed: bool) -> Result<(), Rule> {
        let mut req = TestRequest::with_uri("/v1/payments");
        for (name, value) in lines {
            req = req.append_header((*name, value.clone()));
        }
        check(req.to_http_request().head(), takes, relayed)
    }

    #[test]
    fn ec_27_headers_are_counted_measured_and_said_once() {
        let lines = |n: usize| -> Vec<(&str, String)> {
            (0..n).map(|at| ("x-a", format!("{at}"))).collect()
        };
        assert_eq!(headed(&lines(HEADERS.most), Takes::Json), Ok(()));
        assert_eq!(headed(&lines(HEADERS.most + 1), Takes::Json), Err(HEADERS));
        let long = |bytes: usize| vec![("x-a", "a".repeat(bytes - 3))];
        assert_eq!(headed(&long(HEADER_BYTES.most), Takes::Json), Ok(()));
        assert_eq!(
            headed(&long(HEADER_BYTES.most + 1), Takes::Json),
            Err(HEADER_BYTES)
        );
        let relayed = |lines: &[(&str, String)]| arrived(lines, Takes::Json, true);
        let most = HEADERS.most + RELAY_LINES;
        assert_eq!(relayed(&lines(most)), Ok(()));
        assert_eq!(relayed(&lines(most + 1)), Err(HEADERS));
        let most = HEADER_BYTES.most + RELAY_BYTES;
        assert_eq!(relayed(&long(most)), Ok(()));
        assert_eq!(relayed(&long(most + 1)), Err(HEADER_BYTES));
        for twice in [
            "authorization",
            "idempotency-key",
            "cookie",
            "x-http-method-override",
            "content-type",
        ] {
            let lines = [(twice, "a".to_owned()), (twice, "b".to_owned())];
            assert_eq!(headed(&lines, Takes::Json), Err(HEADER_ONCE), "{twice}");
        }
    }

    #[test]
    fn ec_26_nothing_packed_and_no_body_where_none_is_taken() {
        let one = |name, value: &str, takes| headed(&[(name, value.to_owned())], takes);
        assert_eq!(one("content-encoding", "gzip", Takes::Json), Err(ENCODED));
        assert_eq!(one("content-encoding", "identity", Takes::Json), Ok(()));
        assert_eq!(one("content-length", "1", Takes::Nothing), Err(NO_BODY));
        assert_eq!(one("content-length", "0", Takes::Nothing), Ok(()));
        assert_eq!(
            one("transfer-encoding", "chunked", Takes::Nothing),
            Err(NO_BODY)
        );
        assert_eq!(one("transfer-encoding", "chunked", Takes::Json), Ok(()));
    }
}
