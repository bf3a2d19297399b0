//! Prints the tables, draws the plots.

use std::time::Instant;

use kvs_benches::contenders::Kind;
use kvs_benches::preset;
use kvs_benches::work;

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let args: Vec<String> = std::env::args().collect();
    for part in preset::ALL
        .iter()
        .filter(|p| args.iter().any(|a| a == p.name))
    {
        for kind in Kind::ALL {
            let start = Instant::now();
            let f = work::all(kind, part);
            println!("== {} {}: {:?}", part.name, kind.label(), start.elapsed());
            println!(
                "prov {:?} boot {:?} {:?} get {:?} ram {:?}",
                f.provision, f.boot_fresh, f.boot_used, f.get, f.ram
            );
            let w = |w: &Result<work::Wear, _>| {
                w.as_ref()
                    .map(|w| {
                        format!(
                            "{}: {:.2} B {:.2} p {:.2} e {:.2} wa {:?}",
                            w.saves,
                            w.bytes(),
                            w.programs(),
                            w.erases_per_thousand(),
                            w.amplification(),
                            w.spread()
                        )
                    })
                    .map_err(Clone::clone)
            };
            println!("counter {:?}", w(&f.counter));
            for z in &f.zipf {
                println!("zipf {:?}", w(z));
            }
            println!("fields {:?}", f.fields);
            println!(
                "lat {:?}\n maint {:?}\n cuts {:?}",
                f.latency, f.maintained, f.cuts
            );
        }
    }
}
