use tenure::{design::{Resolved, Shelf}, lock, spec::Protocol, timed, world::{Focus, World, space::{Space, Marks}}};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut design = Resolved::load(Shelf::Disk, &args[1]).map_err(|e| format!("{e:?}")).unwrap();
    for set in &args[4..] { design.set(set).map_err(|e| format!("{e:?}")).unwrap(); }
    let protocol = lock::protocol();
    let builder = design.builder(&args[2], &protocol.ledger_keys()).map_err(|e| format!("{e:?}")).unwrap();
    let setup = protocol.build(&design.design().map_err(|e| format!("{e:?}")).unwrap(), builder).unwrap();
    let property = protocol.properties().into_iter().find(|p| p.id == args[3]).unwrap();
    let begun = std::time::Instant::now();
    let mut world = World::new(setup, property, Focus::Check, true);
    let mut limits = timed::Limits::default();
    limits.time = Some(std::time::Duration::from_secs(30));
    let (answer, stats) = timed::reach(&mut world, Marks::PROTOCOL_ERROR, &limits, &timed::Switches::default());
    println!("{:?} {:?} {:?}", answer, stats, begun.elapsed());
    let mut max = 0; let mut hist = std::collections::BTreeMap::new();
    for s in 0..world.len() { let n = world.variables(s as u32).len(); max = max.max(n); *hist.entry(n).or_insert(0) += 1; }
    if std::env::var("SHOW").is_ok() { let mut i = 37u32; for _ in 0..8 { println!("{}", world.describe(i % world.len() as u32)); i = i.wrapping_mul(1103515245).wrapping_add(12345); } }
    println!("vars {hist:?}");
}
