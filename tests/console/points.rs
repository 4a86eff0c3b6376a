//! The stock of points: who may change it, and what is refused.

use actix_web::http::StatusCode;
use lifeline_core::operators::{Role, Scope};
use lifeline_core::requests::points::{Exchange, Gift};
use lifeline_core::shared::ids::{AccountId, Maker};
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{StoreError, Tx, atomically};

use crate::customers::household;
use crate::office::Office;

#[actix_web::test]
async fn ln_21_a_gift_is_added_its_stock_changed_and_never_below_nothing() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &cookie).await;
    let post = async |path: &str, form: &[(&str, &str)]| {
        let mut whole = vec![("mark", mark.as_str())];
        whole.extend_from_slice(form);
        desk.post(path, &cookie, &whole).await
    };
    let lamp = [("title", "节能灯<b>"), ("points", "80"), ("stock", "3")];
    let added = post("/console/points", &lamp).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text);
    let page = desk.get("/console/points", &cookie).await.text;
    assert!(page.contains("节能灯") && !page.contains("节能灯<b>"));
    let at = page.split("action=\"/console/points/").nth(1).unwrap();
    let at = format!("/console/points/{}", at.split('"').next().unwrap());
    let fewer = post(
        &at,
        &[("title", "节能灯"), ("points", "80"), ("stock", "0")],
    )
    .await;
    assert_eq!(fewer.status, StatusCode::SEE_OTHER);
    for (points, stock) in [("0", "1"), ("-5", "1"), ("80", "-1"), ("80", "x")] {
        let refused = post(
            &at,
            &[("title", "节能灯"), ("points", points), ("stock", stock)],
        )
        .await;
        assert!(refused.status.is_client_error(), "{points} {stock}");
    }
    let rule = [
        ("rule_id", "credited"),
        ("fen_per_point", "0"),
        ("points_max", "5"),
    ];
    let refused = post("/console/points/rule", &rule).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let rule = [
        ("rule_id", "credited"),
        ("fen_per_point", "100"),
        ("points_max", "5"),
    ];
    assert_eq!(
        post("/console/points/rule", &rule).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(
        desk.get("/console/points", &cookie)
            .await
            .text
            .contains("credited")
    );
    assert!(
        office
            .audited("points.gift")
            .iter()
            .filter(|one| *one == "ok")
            .count()
            == 2
    );
}

/// Somebody exchanged points for a lamp.
pub(crate) async fn exchanged(office: &Office, account: &AccountId) -> Exchange {
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let gift = Gift {
        gift_id: maker.id(),
        title: "节能灯".into(),
        points: 80,
        stock: 3,
    };
    let exchange = Exchange {
        exchange_id: maker.id(),
        account_id: account.clone(),
        gift_id: gift.gift_id.clone(),
        title: gift.title.clone(),
        points: gift.points,
        client_key: maker.uuid(),
        fingerprint: "f".into(),
        at: maker.now(),
        handed: None,
    };
    let (gift, made) = (&gift, &exchange);
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.requests().put_gift(gift).await?;
        tx.requests().add_exchange(made).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    exchange
}

#[actix_web::test]
async fn ln_21_a_gift_is_handed_out_once_by_whoever_may_see_its_person() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let exchange = exchanged(&office, &id).await;
    let (number, act) = (
        exchange.number(),
        format!("/console/exchanges/{}/hand-out", exchange.exchange_id),
    );
    let found = format!("/console/exchanges?number={}", number.to_lowercase());
    let desk = office.desk().await;
    let elsewhere = Scope::parse("1505").unwrap();
    office.hire("north", Role::Support, elsewhere).await;
    let hands = async |cookie: &str, shown: &str| {
        let mark = office.mark(&desk, cookie).await;
        let form = [("mark", mark.as_str()), ("number", shown)];
        desk.post(&act, cookie, &form).await
    };
    let post = async |cookie: &str| hands(cookie, &number).await.status.as_u16();
    let north = office.enter(&desk, "north").await;
    for path in ["/console/exchanges", found.as_str()] {
        let page = desk.get(path, &north).await.text;
        assert!(!page.contains("节能灯"), "{path}");
    }
    assert_eq!(post(&north).await, 403);
    let reviewer = office.enter(&desk, "reviewer").await;
    let page = desk.get("/console/exchanges", &reviewer).await.text;
    assert!(page.contains(&exchange.number_masked()) && page.contains("李*明"));
    assert!(!page.contains(&number) && !page.contains("李小明"));
    assert!(!page.contains("/hand-out"), "who looks hands nothing out");
    assert_eq!(post(&reviewer).await, 403);
    let support = office.enter(&desk, "support").await;
    let page = desk.get(&found, &support).await.text;
    assert!(page.contains(&act), "{page}");
    let typed = format!("name=\"number\" value=\"{}\"", number.to_lowercase());
    assert_eq!(
        page.matches(&typed).count(),
        2,
        "searched by, and handed out"
    );
    // A number of no gift, of another one, and none: whoever looks at the list has not seen the right one.
    let other = if number == "00000A1B2C" {
        "00000A1B2D"
    } else {
        "00000A1B2C"
    };
    let refused = hands(&support, other).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    assert!(refused.text.contains("兑换号与这件礼品不符"));
    for odd in ["", exchange.number_masked().as_str()] {
        let refused = hands(&support, odd).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{odd}");
    }
    let page = desk.get("/console/exchanges", &support).await.text;
    assert!(page.contains(&act), "it waits still");
    let nobodys = format!("/console/exchanges?number={other}");
    let page = desk.get(&nobodys, &support).await.text;
    assert!(page.contains("没有这个兑换号"), "{page}");
    assert_eq!(hands(&support, &number.to_lowercase()).await.status, 303);
    assert_eq!(post(&support).await, 409, "once");
    let page = desk.get("/console/exchanges", &support).await.text;
    assert!(!page.contains(&act), "it waits no more");
    assert!(page.contains("没有待领取的礼品"), "{page}");
    let page = desk.get(&found, &support).await.text;
    assert!(page.contains(&number) && page.contains("support") && !page.contains(&act));
    let odd = desk.get("/console/exchanges?number=x", &support).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
    let handed = office.audited("points.hand_out");
    let done = handed.iter().filter(|one| *one == "ok");
    assert_eq!(done.count(), 1, "{handed:?}");
}

#[actix_web::test]
async fn ln_21_a_gift_noted_by_mistake_waits_again_by_whoever_noted_it_within_a_day() {
    let office = Office::new().await;
    let (id, _) = household(&office).await;
    let exchange = exchanged(&office, &id).await;
    let number = exchange.number();
    let at = format!("/console/exchanges/{}", exchange.exchange_id);
    let (out, back) = (format!("{at}/hand-out"), format!("{at}/taking-back"));
    let found = format!("/console/exchanges?number={number}");
    let desk = office.desk().await;
    office
        .hire("second", Role::Support, Scope::Everywhere)
        .await;
    let posts = async |cookie: &str, way: &str| {
        let mark = office.mark(&desk, cookie).await;
        let mut form = vec![("mark", mark.as_str())];
        form.extend((way == out).then_some(("number", number.as_str())));
        desk.post(way, cookie, &form).await.status.as_u16()
    };
    let support = office.enter(&desk, "support").await;
    let second = office.enter(&desk, "second").await;
    assert_eq!(posts(&support, &back).await, 409, "nothing is noted");
    assert_eq!(posts(&support, &out).await, 303);
    assert!(!desk.get(&found, &second).await.text.contains(&back));
    assert_eq!(posts(&second, &back).await, 409, "another one's");
    assert!(desk.get(&found, &support).await.text.contains(&back));
    assert_eq!(posts(&support, &back).await, 303);
    let page = desk.get("/console/exchanges", &second).await.text;
    assert!(page.contains(&out), "it waits again: {page}");
    assert_eq!(posts(&support, &out).await, 303);
    office.pass(24 * 3_600);
    let support = office.enter(&desk, "support").await;
    assert!(!desk.get(&found, &support).await.text.contains(&back));
    assert_eq!(posts(&support, &back).await, 409, "a day has passed");
    let noted = office.audited("points.not_handed");
    let done = noted.iter().filter(|one| *one == "ok");
    assert_eq!(done.count(), 1, "{noted:?}");
}

#[actix_web::test]
async fn ln_21_a_rule_is_ended_at_a_day() {
    let office = Office::new().await;
    let desk = office.desk().await;
    let cookie = office.enter(&desk, "admin").await;
    let mark = office.mark(&desk, &cookie).await;
    let rule = [
        ("mark", mark.as_str()),
        ("rule_id", "credited"),
        ("fen_per_point", "100"),
        ("points_max", "5"),
    ];
    let kept = desk.post("/console/points/rule", &cookie, &rule).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text);
    let end = async |rule: &str, until: &str| {
        let form = [("mark", mark.as_str()), ("rule", rule), ("until", until)];
        let shown = desk.post("/console/points/rule/end", &cookie, &form).await;
        shown.status.as_u16()
    };
    let today = office.clock.now().shanghai_date();
    for odd in ["", "soon", "2020-01-01"] {
        assert_eq!(end("credited", odd).await, 422, "{odd}");
    }
    assert_eq!(end("nothing", &today).await, 404);
    assert_eq!(end("credited", &today).await, 303);
    let later = office.clock.now().plus_seconds(3 * 86_400).shanghai_date();
    assert_eq!(end("credited", &later).await, 422, "no end is put off");
    let kept = desk.post("/console/points/rule", &cookie, &rule).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "its end stays");
    let page = desk.get("/console/points", &cookie).await.text;
    let last_day = format!("name=\"until\" value=\"{today}\"");
    assert!(page.contains(&last_day), "{page}");
    office.pass(2 * 86_400);
    let cookie = office.enter(&desk, "admin").await;
    let page = desk.get("/console/points", &cookie).await.text;
    assert!(!page.contains("credited"), "it is over");
    let ended = office.audited("points.end_rule");
    let done = ended.iter().filter(|one| *one == "ok");
    assert_eq!(done.count(), 1, "{ended:?}");
}
