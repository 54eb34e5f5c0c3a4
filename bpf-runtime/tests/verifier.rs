mod common;

use common::{assemble, check};

#[test]
fn smoke() {
    let code = assemble("
        r0 = *(u64 *)(r1 + 24)
        if r0 > 10 goto big
        r0 = 1
        exit
        big:
        r0 = 2
        exit");
    println!("{:?}", check(&code));
    let code = assemble("
        r6 = 0
        loop:
        r6 += 1
        *(u32 *)(r10 - 4) = r6
        r2 = r10
        r2 += -4
        r1 = map[0] ll
        call map_lookup_elem
        if r0 == 0 goto next
        r1 = *(u64 *)(r0 + 8)
        r1 += 1
        *(u64 *)(r0 + 8) = r1
        next:
        if r6 < 100 goto loop
        r0 = 0
        exit");
    println!("{:?}", check(&code));
    println!("{}", check(&assemble("r0 = *(u64 *)(r1 + 25)\nexit")).unwrap_err());
}
