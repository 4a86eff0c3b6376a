//! The place of a generator: by the consumer number on its papers, or by a home that this person has linked, whose full
//! number never leaves the server (LN-43).

use lifeline_core::accounts::Caller;
use lifeline_core::bindings::{Bindings, Right};
use lifeline_core::settlement::accounts::Registration;
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::shared::ids::BindingId;
use lifeline_core::shared::personal::{Address, ConsumerNo};

use super::dto::unfit;
use crate::edge::{Code, Problem};

/// How the place is named. Not printable.
pub(super) enum Place {
    Number(ConsumerNo),
    Linked(BindingId),
}

impl Place {
    /// One of the two, and never both: they might differ.
    pub(super) fn parse(number: Option<&str>, home: Option<&str>) -> Result<Self, Problem> {
        match (number, home) {
            (Some(number), None) => ConsumerNo::parse(number)
                .map(Self::Number)
                .map_err(|_| unfit("grid_user_no", "10 or 13 digits")),
            (None, Some(home)) => BindingId::parse(home)
                .map(Self::Linked)
                .map_err(|_| Problem::new(Code::NotFound)),
            (Some(_), Some(_)) => Err(unfit("grid_user_no", "goes without `binding_id`")),
            (None, None) => Err(unfit("grid_user_no", "or `binding_id`")),
        }
    }
}

/// What somebody gave of a generator. Not printable.
pub(super) struct Given {
    pub(super) generation_no: GenerationNo,
    pub(super) place: Place,
    pub(super) address: Address,
}

impl Given {
    /// The same with the number of the place: of a linked home whose archive this person may see.
    pub(super) async fn whole(
        self,
        bindings: &Bindings,
        caller: &Caller,
    ) -> Result<Registration, Problem> {
        let grid_user_no = match self.place {
            Place::Number(number) => number,
            Place::Linked(home) => {
                let owned = bindings.own(caller, &home, Right::SeeArchive).await?;
                owned.consumer_no().clone()
            }
        };
        Ok(Registration {
            generation_no: self.generation_no,
            grid_user_no,
            address: self.address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_named_once() {
        let (number, home) = (
            Some("1504010020066"),
            Some("019aa2f0-0000-7000-8000-0000000000ff"),
        );
        assert!(matches!(Place::parse(number, None), Ok(Place::Number(_))));
        assert!(matches!(Place::parse(None, home), Ok(Place::Linked(_))));
        assert!(Place::parse(number, home).is_err());
        assert!(Place::parse(None, None).is_err());
        assert!(Place::parse(Some("150401002006"), None).is_err());
        assert!(Place::parse(None, Some("1504010020066")).is_err());
    }
}
