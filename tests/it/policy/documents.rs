//! Selections made from the schema: every field of a type, and below it the objects that it leads to.

use std::collections::{BTreeMap, BTreeSet};

use openslot::app::schema::sdl;
use openslot::graphql::limits::TypeMap;

/// Objects with an id within objects with an id that are asked for everything; the next ones for type and id alone.
const OBJECTS_DEEP: usize = 2;
/// Items of a page.
const PAGE: usize = 4;

/// What is asked of an object of one type.
#[derive(Clone, Debug)]
pub struct Shape {
    pub of: String,
    /// Interfaces through which its fields are asked once more.
    pub through: Vec<String>,
    pub fields: Vec<Asked>,
}

/// A field that is asked for, and what of the objects that it may lead to; of a scalar nothing.
#[derive(Clone, Debug)]
pub struct Asked {
    pub name: String,
    pub below: Vec<Shape>,
    arguments: String,
}

/// The schema as its own text tells it.
pub struct Schema {
    map: TypeMap,
    fields: BTreeMap<String, BTreeSet<String>>,
}

impl Schema {
    pub fn read() -> Self {
        let map = TypeMap::of(&sdl()).expect("an SDL");
        let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for field in map.all() {
            let (of, name) = field.split_once('.').expect("a type and a field");
            fields.entry(of.to_owned()).or_default().insert(name.to_owned());
        }
        Self { map, fields }
    }

    /// Every field of every type.
    pub fn all(&self) -> BTreeSet<String> {
        self.map.all().into_iter().collect()
    }

    /// Fields of a root type.
    pub fn roots(&self, of: &str) -> Vec<String> {
        self.fields[of].iter().cloned().collect()
    }

    /// Objects that have a global id.
    pub fn kinds(&self) -> &[String] {
        self.map.possible("Node")
    }

    /// A root field with everything below it; of what it may be only the type `of`, if one is given.
    pub fn root(&self, root: &str, name: &str, arguments: &str, of: Option<&str>) -> Asked {
        let mut asked = self.field(root, name, OBJECTS_DEEP);
        if self.map.field(root, name).is_some_and(|known| known.is_page()) {
            asked.arguments = format!("({arguments}, first: {PAGE})");
        } else {
            asked.arguments = format!("({arguments})");
        }
        asked.below.retain(|shape| of.is_none_or(|of| shape.of == of));
        asked
    }

    fn field(&self, of: &str, name: &str, deep: usize) -> Asked {
        let known = self.map.field(of, name).unwrap_or_else(|| panic!("no field {of}.{name}"));
        let below = self.map.possible(known.type_name).iter().map(|object| self.shape(object, deep)).collect();
        let arguments = if known.is_page() { format!("(first: {PAGE})") } else { String::new() };
        Asked { name: name.to_owned(), below, arguments }
    }

    fn shape(&self, of: &str, deep: usize) -> Shape {
        let is_thing = self.kinds().iter().any(|kind| kind == of);
        if is_thing && deep == 0 {
            return Shape { of: of.to_owned(), through: vec![], fields: vec![self.field(of, "id", 0)] };
        }
        let deep = deep - usize::from(is_thing);
        let fields = self.fields[of].iter().map(|name| self.field(of, name, deep)).collect();
        Shape { of: of.to_owned(), through: self.interfaces(of), fields }
    }

    fn interfaces(&self, object: &str) -> Vec<String> {
        let is_over = |name: &&String| *name != object && self.map.possible(name).iter().any(|one| one == object);
        self.fields.keys().filter(is_over).cloned().collect()
    }

    /// The fields of an interface: all of them are scalars.
    pub fn scalars(&self, interface: &str) -> Vec<String> {
        let names = self.fields[interface].iter();
        names
            .inspect(|name| assert!(self.field(interface, name, 1).below.is_empty(), "{interface}.{name}"))
            .cloned()
            .collect()
    }

    /// The field as it stands in a document.
    pub fn text(&self, asked: &Asked) -> String {
        let Asked { name, below, arguments } = asked;
        if below.is_empty() {
            return format!("{name}{arguments}");
        }
        let shapes: Vec<String> = below.iter().map(|shape| self.shape_text(shape)).collect();
        format!("{name}{arguments} {{ __typename {} }}", shapes.join(" "))
    }

    fn shape_text(&self, shape: &Shape) -> String {
        let mut fields: Vec<String> = shape.fields.iter().map(|field| self.text(field)).collect();
        let through = |interface: &String| format!("... on {interface} {{ {} }}", self.scalars(interface).join(" "));
        fields.extend(shape.through.iter().map(through));
        format!("... on {} {{ {} }}", shape.of, fields.join(" "))
    }

    /// Everything that a field asks for, as `Type.field`.
    pub fn asked(&self, root: &str, asked: &Asked, into: &mut BTreeSet<String>) {
        into.insert(format!("{root}.{}", asked.name));
        for shape in &asked.below {
            for interface in &shape.through {
                into.extend(self.scalars(interface).iter().map(|name| format!("{interface}.{name}")));
            }
            shape.fields.iter().for_each(|field| self.asked(&shape.of, field, into));
        }
    }
}
