//! What a tester sees and may spoil: `/sim/user-system`.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::UserSystem;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sim/user-system/users", web::get().to(users))
        .route("/sim/user-system/lose", web::post().to(lose));
}

/// Everybody, gathered by mobile, with each channel user's homes.
async fn users(system: web::Data<UserSystem>) -> HttpResponse {
    let book = system.book();
    let mut gathered: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (id, entry) in &book.users {
        let Some(person) = &entry.person else {
            continue;
        };
        let bindings = person.bindings.iter().map(
            |(id, (number, role))| json!({"binding_id": id, "consumer_no": number, "role": role}),
        );
        let user = json!({
            "channel_user_id": id,
            "epoch": entry.epoch,
            "name": person.name,
            "id_no": person.id_no,
            "bindings": bindings.collect::<Value>(),
        });
        let mobile = person.mobile.as_deref().unwrap_or_default();
        gathered.entry(mobile).or_default().push(user);
    }
    let items = gathered
        .into_iter()
        .map(|(mobile, users)| json!({"mobile": mobile, "channel_users": users}));
    let items: Value = items.collect();
    HttpResponse::Ok().json(json!({"items": items, "changes": book.changes}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Loss {
    channel_user_id: String,
}

/// The system loses the homes of one channel user, as after a restore of its own.
async fn lose(system: web::Data<UserSystem>, wanted: web::Json<Loss>) -> HttpResponse {
    let mut book = system.book();
    let entry = book.users.get_mut(&wanted.channel_user_id);
    match entry.and_then(|entry| entry.person.as_mut()) {
        Some(person) => {
            person.bindings.clear();
            HttpResponse::NoContent().finish()
        }
        None => HttpResponse::NotFound().finish(),
    }
}
