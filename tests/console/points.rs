//! The stock of points: who may change it, and what is refused.

use actix_web::http::StatusCode;

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
