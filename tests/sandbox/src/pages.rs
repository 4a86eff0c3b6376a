//! What every page of the sandbox shares: escaping, the frame of a phone-sized page, and its headers.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};

/// Makes text safe inside an element or a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

const STYLE: &str = "\
:root{--blue:#1677ff;--ink:#1f2329;--soft:#646a73;--line:#e5e6eb;--bg:#f5f6f8}\
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);\
font:17px/1.5 system-ui,'PingFang SC','Microsoft YaHei','WenQuanYi Micro Hei',sans-serif}\
main{max-width:440px;margin:0 auto;padding:20px 16px 48px}h1{font-size:22px;margin:4px 0 12px}\
h2{font-size:17px;margin:20px 0 8px}p{margin:8px 0}.en{color:var(--soft);font-size:14px}\
.tag{display:inline-block;background:#fff3d6;color:#7a4b00;border-radius:4px;padding:1px 8px;\
font-size:13px}.card{background:#fff;border-radius:12px;padding:16px;margin:12px 0}\
.amount{font-size:44px;font-weight:600;text-align:center;margin:8px 0}\
dl{display:grid;grid-template-columns:auto 1fr;gap:6px 16px;margin:8px 0 0}dt{color:var(--soft)}\
dd{margin:0;text-align:right;overflow-wrap:anywhere}\
button,.button{display:block;width:100%;min-height:52px;margin:10px 0;padding:10px 14px;font:inherit;\
font-weight:600;border-radius:10px;border:1px solid var(--line);background:#fff;color:var(--ink);\
text-align:center;text-decoration:none;cursor:pointer}\
.primary{background:var(--blue);border-color:var(--blue);color:#fff}\
button:focus-visible,a:focus-visible,input:focus-visible+span{outline:3px solid #ff8f1f;outline-offset:2px}\
label.person{display:flex;gap:12px;align-items:center;min-height:56px;padding:6px 4px;\
border-bottom:1px solid var(--line)}label.person:last-of-type{border:0}\
input[type=radio]{width:22px;height:22px;flex:none}\
select{display:block;width:100%;min-height:52px;margin:6px 0 14px;padding:8px 12px;font:inherit;\
border:1px solid var(--line);border-radius:10px;background:#fff}ul{margin:0;padding-left:20px}a{color:#0958d9}\
code{font-size:14px;overflow-wrap:anywhere}.bubble{background:#fff;border-radius:14px;padding:12px 14px;\
margin:10px 0;overflow-wrap:anywhere}.when{color:var(--soft);font-size:13px}";

/// A whole page. `title` is escaped here; `body` must already be safe.
pub fn page(title: &str, body: &str) -> HttpResponse {
    framed(title, "", body)
}

/// A page that moves on to `target` by itself after two seconds.
pub fn page_then(title: &str, body: &str, target: &str) -> HttpResponse {
    let refresh = format!(
        "<meta http-equiv=\"refresh\" content=\"2;url={}\">",
        escape(target)
    );
    framed(title, &refresh, body)
}

fn framed(title: &str, head: &str, body: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title>{head}<style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        title = escape(title),
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ))
        .body(html)
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_can_leave_its_place() {
        assert_eq!(
            escape("<b a=\"x\" c='y'>&"),
            "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;"
        );
    }
}
