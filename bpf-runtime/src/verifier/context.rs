//! Accesses to the context: what its fields hold, and what may be done with them.
use super::{
    explore::Explorer,
    reason::{Reason, Refused},
    scalar::Scalar,
    value::{Base, Pointer, Reg},
};
use crate::{
    hook::{Field, Holds},
    isa::Size,
};

impl Explorer<'_> {
    /// The fields that an access of so many bytes, which was checked to lie inside, may touch.
    fn fields(&self, place: &Pointer, bytes: i64) -> impl Iterator<Item = &'static Field> + use<'_> {
        let (start, end) = (place.off.smin, place.off.smax + bytes);
        self.unit.hook.context.iter().filter(move |field| field.overlaps(start, end))
    }

    /// What a load gives.
    pub fn read_context(&self, place: &Pointer, size: Size, signed: bool) -> Result<Reg, Refused> {
        let bytes = size.bytes();
        let pointer = self.fields(place, bytes as i64).find_map(|field| Some((field, pointer_in(field)?)));
        let Some((field, base)) = pointer else {
            self.read_fields(place, bytes as i64)?;
            return Ok(Reg::Scalar(Scalar::unknown_bytes(bytes)));
        };
        if place.off.known() == Some(field.offset.into()) && bytes as u32 == field.size && !signed {
            return Ok(Reg::Pointer(Pointer::new(base, 0)));
        }
        Err(self.why.refuse(Reason::WholeField(field.name)))
    }

    /// Checks that all that is read are numbers.
    pub fn read_fields(&self, place: &Pointer, bytes: i64) -> Result<(), Refused> {
        match self.fields(place, bytes).find(|field| !matches!(field.holds, Holds::Number | Holds::Scratch)) {
            Some(Field { name, holds: Holds::Hidden, .. }) => Err(self.why.refuse(Reason::HiddenField(name))),
            Some(field) => Err(self.why.refuse(Reason::WholeField(field.name))),
            None => Ok(()),
        }
    }

    /// Whether programs may write there.
    pub fn is_scratch(&self, place: &Pointer, bytes: i64) -> bool {
        self.fields(place, bytes).all(|field| field.holds == Holds::Scratch)
    }
}

/// What a field's pointer points to, if it holds one.
fn pointer_in(field: &Field) -> Option<Base> {
    match field.holds {
        Holds::Packet => Some(Base::Packet),
        Holds::PacketEnd => Some(Base::PacketEnd),
        Holds::PacketMeta => Some(Base::Meta),
        Holds::Number | Holds::Scratch | Holds::Hidden => None,
    }
}
