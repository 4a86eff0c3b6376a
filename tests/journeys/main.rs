//! What must hold of the running product, judged from outside over HTTP.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says so and stops, and one that measures says what"
)]

mod alipay_modes;
mod archive_filling;
mod backup;
mod bad_input;
mod brake;
mod callbacks;
mod canary;
mod checking;
mod desk;
mod doctor;
mod drills;
mod drills_relay;
mod ending;
mod first_administrator;
mod fixtures;
mod generation;
mod generation_place;
mod generation_sign_in;
mod line_loss;
mod lost_client;
mod merging;
mod notice_shapes;
mod notice_storm;
mod overload;
mod owners;
mod payee;
mod printed_steps;
mod privacy;
mod production;
mod records;
mod relay;
mod roles;
mod rolling;
mod rolling_household;
mod rolling_load;
mod sealed_settings;
mod settling;
mod settling_goals;
mod settling_prices;
mod settling_rules;
mod several_homes;
mod sure;
mod too_little;
mod two_gateways;
mod user_system;
mod worth;

use libtest_mimic::{Arguments, Failed, Trial};
use lifeline_tests::Engine;

/// One test of this suite, run on each engine it is meant for.
pub(crate) type Body = fn(Engine) -> Result<(), Failed>;

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let suites = [
        alipay_modes::tests(),
        archive_filling::tests(),
        backup::tests(),
        bad_input::tests(),
        brake::tests(),
        callbacks::tests(),
        canary::tests(),
        drills::tests(),
        drills_relay::tests(),
        ending::tests(),
        first_administrator::tests(),
        checking::tests(),
        desk::tests(),
        doctor::tests(),
        generation::tests(),
        generation_place::tests(),
        generation_sign_in::tests(),
        line_loss::tests(),
        lost_client::tests(),
        merging::tests(),
        notice_shapes::tests(),
        notice_storm::tests(),
        owners::tests(),
        overload::tests(),
        payee::tests(),
        printed_steps::tests(),
        privacy::tests(),
        production::tests(),
        relay::tests(),
        roles::tests(),
        rolling::tests(),
        settling::tests(),
        settling_goals::tests(),
        settling_prices::tests(),
        settling_rules::tests(),
        several_homes::tests(),
        sure::tests(),
        too_little::tests(),
        two_gateways::tests(),
        user_system::tests(),
    ];
    for (name, engines, body) in suites.into_iter().flatten() {
        for engine in Engine::all()
            .into_iter()
            .filter(|engine| engines.contains(engine))
        {
            let full = format!("{name}.{}", engine.name());
            trials.push(Trial::test(full, move || body(engine)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Runs an async test body to its end.
pub(crate) fn run<F: Future<Output = ()>>(body: F) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime
        .map_err(|error| Failed::from(error.to_string()))?
        .block_on(body);
    Ok(())
}
