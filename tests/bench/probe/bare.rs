//! A server that answers the same bytes to everybody: the web framework, and nothing of ours.

use actix_web::{App, HttpResponse, HttpServer, web};

use crate::tell;

pub(crate) fn serve(port: &str, file: &str) -> Result<(), String> {
    let port: u16 = port.parse().map_err(|_| "no port".to_owned())?;
    let body = std::fs::read(file).map_err(|error| error.to_string())?;
    let body = web::Bytes::from(body);
    let serving = async move {
        let server = HttpServer::new(move || {
            let body = body.clone();
            let answer = move || {
                let body = body.clone();
                async move {
                    HttpResponse::Ok()
                        .content_type("application/json")
                        .insert_header(("cache-control", "no-store"))
                        .body(body)
                }
            };
            App::new().default_service(web::to(answer))
        });
        // As many threads as the household listener has.
        let server = server.workers(2).bind(("127.0.0.1", port))?.run();
        tell(&serde_json::json!({ "port": port }));
        server.await
    };
    let served = actix_web::rt::System::new().block_on(serving);
    served.map_err(|error| error.to_string())
}
