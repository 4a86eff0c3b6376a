//! Messages of the life account: whose they are, and what they must hold.

use lifeline_core::insight::followers::{FollowError, FollowReader as _, Told};
use lifeline_core::shared::time::Time;

use crate::world::{APP_ID, alipay_at, platform_sign};

fn xml(tags: &[(&str, &str)]) -> String {
    let tags = tags
        .iter()
        .map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>"));
    format!("<XML>{}</XML>", tags.collect::<String>())
}

fn usual<'a>(event: &'a str, app: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("AppId", app),
        ("FromUserId", "2088102146225135"),
        ("CreateTime", "1795140000123"),
        ("MsgType", "event"),
        ("EventType", event),
        ("UserInfo", "{\"logon_id\":\"138****0001\"}"),
    ]
}

/// A message as Alipay signs it, with `sign_type`; `spoil` changes what is sent after it was signed.
fn message(content: &str, spoil: impl Fn(&mut Vec<(String, String)>)) -> String {
    let mut params: Vec<(String, String)> = [
        ("biz_content", content),
        ("charset", "UTF-8"),
        ("service", "alipay.mobile.public.message.notify"),
        ("sign_type", "RSA2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    let text: Vec<String> = params.iter().map(|(n, v)| format!("{n}={v}")).collect();
    params.push(("sign".into(), platform_sign(&text.join("&"))));
    spoil(&mut params);
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

fn read(content: &str) -> Result<Told, FollowError> {
    let raw = message(content, |_| ());
    alipay_at("http://127.0.0.1:1").read_message(raw.as_bytes())
}

#[tokio::test]
async fn ln_29_a_follow_and_an_unfollow_are_read_with_their_moment() {
    for (event, expected) in [("follow", true), ("unfollow", false)] {
        let told = read(&xml(&usual(event, APP_ID))).expect("read");
        let Told::Follow { message_id, follow } = told else {
            unreachable!("{event}");
        };
        assert_eq!(follow.follows, expected);
        assert_eq!(follow.at, Time::from_micros(1_795_140_000_123_000));
        assert_eq!(follow.wallet.expose(), "2088102146225135");
        assert_eq!(message_id.len(), 64, "a digest of its words");
    }
}

#[tokio::test]
async fn ln_29_what_alipay_did_not_sign_or_send_to_us_is_refused() {
    let content = xml(&usual("follow", APP_ID));
    let reader = alipay_at("http://127.0.0.1:1");
    let forged = message(&content, |params| {
        params[0].1 = params[0].1.replace("follow", "unfollow");
    });
    assert_eq!(
        reader.read_message(forged.as_bytes()),
        Err(FollowError::BadSignature)
    );
    let unsigned = message(&content, |params| params.retain(|(name, _)| name != "sign"));
    assert_eq!(
        reader.read_message(unsigned.as_bytes()),
        Err(FollowError::BadSignature)
    );
    assert_eq!(
        read(&xml(&usual("follow", "2021999"))),
        Err(FollowError::Foreign)
    );
}

#[tokio::test]
async fn ln_29_what_is_not_about_followers_is_left_to_others() {
    let reader = alipay_at("http://127.0.0.1:1");
    for other in [
        "",
        "notify_type=trade_status_sync&service=",
        "service=alipay.service.check",
        "%ff",
    ] {
        assert_eq!(
            reader.read_message(other.as_bytes()),
            Ok(Told::Elsewhere),
            "{other}"
        );
    }
    let told = read(&xml(&usual("click", APP_ID)));
    assert!(matches!(told, Ok(Told::Other { .. })), "{told:?}");
}

#[tokio::test]
async fn ln_29_a_message_that_lacks_something_is_malformed() {
    let without = |gone: &str| {
        let mut tags = usual("follow", APP_ID);
        tags.retain(|(name, _)| *name != gone);
        read(&xml(&tags))
    };
    assert_eq!(without("FromUserId"), Err(FollowError::Malformed));
    assert_eq!(without("CreateTime"), Err(FollowError::Malformed));
    for bad in ["0", "-1", "yesterday", "9223372036854775807"] {
        let tags: Vec<_> = usual("follow", APP_ID)
            .into_iter()
            .map(|(name, text)| (name, if name == "CreateTime" { bad } else { text }))
            .collect();
        assert_eq!(read(&xml(&tags)), Err(FollowError::Malformed), "{bad}");
    }
    for (len, taken) in [(64, true), (65, false)] {
        let wallet = "2".repeat(len);
        let tags: Vec<_> = usual("follow", APP_ID)
            .into_iter()
            .map(|(name, text)| {
                (
                    name,
                    if name == "FromUserId" {
                        wallet.as_str()
                    } else {
                        text
                    },
                )
            })
            .collect();
        assert_eq!(read(&xml(&tags)).is_ok(), taken, "{len}");
    }
    assert_eq!(
        read("<XML><A><B>1</B></A></XML>"),
        Err(FollowError::Malformed)
    );
}
