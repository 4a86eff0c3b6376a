//! What somebody who took an account over cannot do with it: leave its homes from a device that is new.

use lifeline_core::accounts::step_up::NEW_FOR_S;
use lifeline_core::accounts::{AccountError, Caller, Errand};
use lifeline_core::bindings::BindingError;
use lifeline_core::shared::ids::{BindingId, TypedId as _};

use crate::on_every_engine;
use crate::privacy::code_for;
use crate::sharing::holder;
use crate::world::{LI_MING, World};

on_every_engine! { "step_ups":
    m3_15_a_new_device_leaves_a_home_only_after_a_step_up_for_it,
    m3_15_the_first_device_of_a_person_is_never_new,
    m3_15_a_device_is_known_after_a_day,
}

fn needs_step_up(answer: &Result<(), BindingError>) {
    assert!(
        matches!(
            answer,
            Err(BindingError::Account(AccountError::StepUpRequired))
        ),
        "{answer:?}"
    );
}

async fn stepped_up(world: &World, who: &Caller, errand: &Errand) -> Caller {
    let typed = code_for(world, who, errand).await;
    let stepped = world.accounts.step_up(who, &typed).await.unwrap();
    Caller {
        session_id: stepped.session.session_id,
        ..who.clone()
    }
}

async fn m3_15_a_new_device_leaves_a_home_only_after_a_step_up_for_it(world: World) {
    let (_, link) = holder(&world).await;
    let home = &link.binding_id;
    world.clock.advance(NEW_FOR_S);
    let thief = world.sign_in(&LI_MING).await;
    needs_step_up(&world.bindings.unbind(&thief, home).await);
    let another = BindingId::made("019aa2f0-0000-7000-8000-0000000000ff".into());
    let shown = stepped_up(&world, &thief, &Errand::unlink(&another)).await;
    needs_step_up(&world.bindings.unbind(&shown, home).await);
    let shown = stepped_up(&world, &thief, &Errand::unlink(home)).await;
    needs_step_up(&world.bindings.unbind(&thief, home).await);
    world.bindings.unbind(&shown, home).await.unwrap();
}

async fn m3_15_the_first_device_of_a_person_is_never_new(world: World) {
    let (who, link) = holder(&world).await;
    world.bindings.unbind(&who, &link.binding_id).await.unwrap();
}

async fn m3_15_a_device_is_known_after_a_day(world: World) {
    let (_, link) = holder(&world).await;
    world.clock.advance(NEW_FOR_S);
    let late = world.sign_in(&LI_MING).await;
    world.clock.advance(NEW_FOR_S - 1);
    needs_step_up(&world.bindings.unbind(&late, &link.binding_id).await);
    world.clock.advance(1);
    world
        .bindings
        .unbind(&late, &link.binding_id)
        .await
        .unwrap();
}
