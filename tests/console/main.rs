//! The console as it is served, over a store of its own: who may open what, and what is refused.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a broken expectation panics"
)]

mod aggregate;
mod archive_offers;
mod bans;
mod behind;
mod bill_page;
mod billed;
mod bills;
mod channels;
mod codes;
mod cooperations;
mod counted;
mod customers;
mod energy;
mod entrance;
mod every_field;
mod exact;
mod followers;
mod forms;
mod four_eyes;
mod functions;
mod going_on;
mod kept;
mod killed;
mod log;
mod long_lists;
mod made_of;
mod markup;
mod matrix;
mod mending;
mod movement;
mod office;
mod opened;
mod openings;
mod payouts;
mod periods;
mod points;
mod proof;
mod publishing;
mod regions;
mod requests;
mod reviews;
mod service_register;
mod sizes;
mod sold;
mod stand_ins;
mod support;
mod taking_back;
mod terminals;
mod timeline;
mod two_halves;
