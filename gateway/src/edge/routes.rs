//! Registers routes with their policies, and serves them from one table.

use std::rc::Rc;

use actix_web::dev::{
    AppService, HttpServiceFactory, ResourceDef, Service, ServiceFactory as _, ServiceRequest,
    fn_factory, fn_service,
};
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder, web};

use super::limits::Function;
use super::paths::{Met, Paths, ROOT};
use super::policy::{Entry, Policy, Route, enforce};
use super::shape::{Takes, is_queried};

/// Registers routes together with their policy.
pub struct Routes<'a> {
    cfg: &'a mut web::ServiceConfig,
    table: Vec<Entry>,
    handlers: Vec<(Route, actix_web::Route)>,
}

impl std::fmt::Debug for Routes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.table).finish()
    }
}

impl<'a> Routes<'a> {
    pub fn new(cfg: &'a mut web::ServiceConfig) -> Self {
        Self {
            cfg,
            table: Vec::new(),
            handlers: Vec::new(),
        }
    }

    pub fn get<F, Args>(&mut self, path: &'static str, policy: Policy, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::GET, path, policy, handler);
    }

    pub fn post<F, Args>(&mut self, path: &'static str, policy: Policy, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::POST, path, policy, handler);
    }

    pub fn put<F, Args>(&mut self, path: &'static str, policy: Policy, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::PUT, path, policy, handler);
    }

    pub fn patch<F, Args>(&mut self, path: &'static str, policy: Policy, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::PATCH, path, policy, handler);
    }

    pub fn delete<F, Args>(&mut self, path: &'static str, policy: Policy, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add(Method::DELETE, path, policy, handler);
    }

    fn add<F, Args>(&mut self, method: Method, path: &'static str, policy: Policy, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let takes = Takes::of(&method, path, policy);
        let route = Route {
            path,
            policy,
            takes,
            queried: is_queried(&method, path, takes),
            function: Function::of(&method, path),
        };
        self.handlers.push((route, web::route().to(handler)));
        self.table.push(Entry {
            method,
            path,
            policy,
            takes,
        });
    }

    /// Puts the routes into the application; what was registered.
    #[must_use]
    pub fn into_table(self) -> Vec<Entry> {
        let paths = Rc::new(Paths::of(&self.table));
        self.cfg.app_data(Rc::clone(&paths));
        self.cfg.service(Table {
            paths,
            handlers: self.handlers,
        });
        self.table
    }
}

/// All routes of a listener behind one entrance: the application's own router would try their patterns
/// one after the other, for each request and each question about its route.
struct Table {
    paths: Rc<Paths>,
    handlers: Vec<(Route, actix_web::Route)>,
}

impl HttpServiceFactory for Table {
    fn register(self, config: &mut AppService) {
        let Self { paths, handlers } = self;
        let (handlers, default) = (Rc::new(handlers), config.default_service());
        let served = fn_factory(move || {
            let (paths, handlers) = (Rc::clone(&paths), Rc::clone(&handlers));
            let default = default.new_service(());
            async move {
                let mut services = Vec::with_capacity(handlers.len());
                for (route, handler) in handlers.iter() {
                    services.push((*route, handler.new_service(()).await?));
                }
                let (services, default) = (Rc::new(services), Rc::new(default.await?));
                Ok::<_, ()>(fn_service(move |mut req: ServiceRequest| {
                    let (paths, default) = (Rc::clone(&paths), Rc::clone(&default));
                    let services = Rc::clone(&services);
                    async move {
                        let at = Met::of(&req).and_then(|met| met.at);
                        match at.and_then(|at| Some((at, services.get(at)?))) {
                            Some((at, (route, service))) => {
                                paths.name_parts(at, &mut req);
                                enforce(req, *route, service).await
                            }
                            None => default.call(req).await,
                        }
                    }
                }))
            }
        });
        config.register_service(ResourceDef::prefix(ROOT), None, served, None);
    }
}
