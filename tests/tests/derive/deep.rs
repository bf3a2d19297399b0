//! Nesting in nesting, arrays in arrays' structs, and a lone nested field.

use super::*;

#[derive(Settings)]
struct Leaf {
    #[setting(default = 1)]
    a: u8,
    b: u8,
}

#[derive(Settings)]
struct Branch {
    #[setting(nested)]
    pair: [Leaf; Self::PAIR],
    c: u8,
}

impl Branch {
    const PAIR: usize = 2;
}

#[derive(Settings)]
struct Trunk {
    #[setting(nested)]
    branches: [Branch; 3],
}

#[derive(Settings)]
struct Root {
    #[setting(nested)]
    trunk: Trunk,
    #[setting(nested)]
    none: [Leaf; 0],
    #[setting(nested)]
    leaf: Leaf,
}

#[test]
fn each_leaf_is_reached() {
    assert_eq!(Root::COUNT, 17);
    let keys = Root::KEYS;
    let key = keys.trunk.branches[2].pair[1].b;
    assert_eq!(key.path().to_string(), "trunk.branches.2.pair.1.b");
    assert_eq!(key.hash(), kvs::key_hash("trunk.branches.2.pair.1.b:u8"));
    assert_eq!(key.path().leaf(), 13);
    assert_eq!(keys.leaf.b.path().leaf(), 16);
    let mut root = Root::defaults();
    for leaf in 0..17 {
        assert_eq!(root.decode(leaf, &[leaf as u8]), Ok(()));
    }
    assert_eq!(root.decode(17, &[0]), Err(Rejection::Undecodable));
    let flat: std::vec::Vec<u8> = root
        .trunk
        .branches
        .iter()
        .flat_map(|b| b.pair.iter().flat_map(|l| [l.a, l.b]).chain([b.c]))
        .chain([root.leaf.a, root.leaf.b])
        .collect();
    assert_eq!(flat, (0..17).collect::<std::vec::Vec<u8>>());
    for leaf in 0..17 {
        assert_eq!(bytes(&root, leaf), Ok(vec![leaf as u8]));
    }
    assert!(root.holds(15, &[15]));
    assert!(!root.holds(16, &[1]));
    assert!(root.none.is_empty());
}
