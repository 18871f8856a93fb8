//! Providers of the demo, made from word lists by their number.

use super::{DemoInsurancePlan, DemoProvider, DemoSpecialty};

/// How many there are.
pub(super) const PROVIDERS: usize = 40;

/// Ten specialties by their NUCC codes; the provider with index `i` practises the one at `i % 10`.
pub(super) const SPECIALTIES: [DemoSpecialty; 10] = [
    DemoSpecialty { code: "207Q00000X", display_name: "Family Medicine" },
    DemoSpecialty { code: "207R00000X", display_name: "Internal Medicine" },
    DemoSpecialty { code: "208000000X", display_name: "Pediatrics" },
    DemoSpecialty { code: "207N00000X", display_name: "Dermatology" },
    DemoSpecialty { code: "207RC0000X", display_name: "Cardiovascular Disease" },
    DemoSpecialty { code: "207X00000X", display_name: "Orthopaedic Surgery" },
    DemoSpecialty { code: "207V00000X", display_name: "Obstetrics & Gynecology" },
    DemoSpecialty { code: "2084P0800X", display_name: "Psychiatry" },
    DemoSpecialty { code: "2084N0400X", display_name: "Neurology" },
    DemoSpecialty { code: "225100000X", display_name: "Physical Therapist" },
];

/// The last one has no doctor's title.
pub(super) const THERAPIST: usize = 9;

pub(super) const INSURANCE_PLANS: [DemoInsurancePlan; 9] = [
    DemoInsurancePlan { code: "self-pay", display_name: "Self-pay", payer: "None" },
    DemoInsurancePlan { code: "sample-ppo", display_name: "Sample PPO", payer: "Sample Mutual" },
    DemoInsurancePlan { code: "sample-hmo", display_name: "Sample HMO", payer: "Sample Mutual" },
    DemoInsurancePlan { code: "example-gold", display_name: "Example Gold", payer: "Example Care" },
    DemoInsurancePlan { code: "muster-gesetzlich", display_name: "Gesetzlich", payer: "Musterkasse" },
    DemoInsurancePlan { code: "muster-zusatz", display_name: "Zusatz", payer: "Musterkasse" },
    DemoInsurancePlan { code: "beispiel-privat", display_name: "Privat", payer: "Beispielversicherung" },
    DemoInsurancePlan { code: "specimen-public", display_name: "Public scheme", payer: "Specimen Scheme" },
    DemoInsurancePlan { code: "specimen-extras", display_name: "Hospital and Extras", payer: "Specimen Fund" },
];

/// What people of one country have in common. The first language and the first plan are everybody's.
struct Country {
    locations: [&'static str; 2],
    languages: [&'static str; 5],
    insurance_plans: &'static [&'static str],
    licensed_regions: &'static [&'static str],
}

const AMERICA: Country = Country {
    locations: ["riverside", "parkside"],
    languages: ["en", "es", "zh", "fr", "ht"],
    insurance_plans: &["self-pay", "sample-ppo", "sample-hmo", "example-gold"],
    licensed_regions: &["US-NY", "US-NJ", "US-CT"],
};
const GERMANY: Country = Country {
    locations: ["spree", "hafen"],
    languages: ["de", "en", "tr", "ar", "pl"],
    insurance_plans: &["self-pay", "muster-gesetzlich", "muster-zusatz", "beispiel-privat"],
    licensed_regions: &["DE-BE", "DE-HH", "DE-BB"],
};
const AUSTRALIA: Country = Country {
    locations: ["harbour", "gardens"],
    languages: ["en", "zh", "vi", "el", "hi"],
    insurance_plans: &["self-pay", "specimen-public", "specimen-extras"],
    licensed_regions: &["AU-NSW", "AU-VIC"],
};

const GIVEN_NAMES: [&str; PROVIDERS] = [
    "Ada", "Amir", "Anouk", "Bela", "Carla", "Chidi", "Dario", "Edda", "Elif", "Emil", "Farah", "Femi", "Greta",
    "Hana", "Hugo", "Ilse", "Ines", "Ivo", "Jonas", "Kaya", "Kenji", "Lale", "Leon", "Linh", "Luca", "Maren", "Milan",
    "Nadia", "Nils", "Noor", "Olga", "Omar", "Petra", "Priya", "Rafael", "Runa", "Sana", "Tomas", "Vera", "Yusuf",
];
const FAMILY_BEGINNINGS: [&str; 8] = ["Alder", "Birch", "Cedar", "Elder", "Fern", "Hazel", "Linden", "Maple"];
const FAMILY_ENDINGS: [&str; 5] = ["brook", "hollow", "moor", "ridge", "thicket"];

/// Home and second location of a provider.
pub(super) fn locations_of(index: usize) -> (&'static str, &'static str) {
    let [one, other] = country_of(index).locations;
    if index.is_multiple_of(2) { (one, other) } else { (other, one) }
}

/// Key of a provider: `provider-01` to `provider-40`.
pub(super) fn key_of(index: usize) -> String {
    format!("provider-{:02}", index + 1)
}

fn country_of(index: usize) -> Country {
    match index {
        0..14 => AMERICA,
        14..28 => GERMANY,
        _ => AUSTRALIA,
    }
}

pub(super) fn providers() -> Vec<DemoProvider> {
    // Nine and forty share no factor, so the order is mixed and no given name comes twice.
    let given_names = (0..PROVIDERS).filter_map(|index| GIVEN_NAMES.get(index * 9 % PROVIDERS));
    let family_names =
        FAMILY_ENDINGS.iter().flat_map(|ending| FAMILY_BEGINNINGS.map(|beginning| format!("{beginning}{ending}")));
    let specialties = SPECIALTIES.iter().cycle();
    let people = given_names.zip(family_names).zip(specialties).enumerate();
    people.map(|(index, ((given, family), specialty))| provider(index, given, family, *specialty)).collect()
}

fn provider(index: usize, given_name: &'static str, family_name: String, specialty: DemoSpecialty) -> DemoProvider {
    let mut provider = provider_in(country_of(index), index, given_name, family_name, specialty);
    let abroad = super::schedules::ABROAD.iter().filter(|abroad| abroad.provider == index);
    provider.licensed_regions.extend(abroad.map(|abroad| abroad.region));
    provider
}

/// One of as many as one likes, with a name of their own, who works at a location of the demo or at one like it.
pub(super) fn provider_at(index: usize, location: &str) -> DemoProvider {
    let countries = [AMERICA, GERMANY, AUSTRALIA];
    let country = countries.into_iter().find(|country| country.locations.contains(&location)).unwrap_or(AMERICA);
    let (given, family) = (index % GIVEN_NAMES.len(), index / GIVEN_NAMES.len());
    let given_name = GIVEN_NAMES.get(given).copied().unwrap_or_default();
    let specialty = SPECIALTIES.get(index % SPECIALTIES.len()).copied().unwrap_or(SPECIALTIES[0]);
    provider_in(country, index, given_name, family_name(family), specialty)
}

/// Simple ones first, then those of two.
fn family_name(number: usize) -> String {
    let simple = |number: usize| {
        let beginning = FAMILY_BEGINNINGS.get(number % FAMILY_BEGINNINGS.len()).copied().unwrap_or_default();
        let ending = FAMILY_ENDINGS.get(number / FAMILY_BEGINNINGS.len() % FAMILY_ENDINGS.len()).copied();
        format!("{beginning}{}", ending.unwrap_or_default())
    };
    let count = FAMILY_BEGINNINGS.len() * FAMILY_ENDINGS.len();
    match number / count {
        0 => simple(number),
        round => format!("{}-{}", simple(number % count), simple((number + round) % count)),
    }
}

fn provider_in(
    country: Country,
    index: usize,
    given_name: &'static str,
    family_name: String,
    specialty: DemoSpecialty,
) -> DemoProvider {
    let title = if index % SPECIALTIES.len() == THERAPIST { "" } else { "Dr. " };
    DemoProvider {
        key: key_of(index),
        display_name: format!("{title}{given_name} {family_name}"),
        given_name,
        family_name,
        specialties: specialties_of(index, specialty),
        languages: first_and_some(&country.languages, index, 4),
        insurance_plans: first_and_some(country.insurance_plans, index, 3),
        licensed_regions: country.licensed_regions.to_vec(),
        accepts_new_patients: index % 6 != 5,
    }
}

/// Every eighth practises family medicine besides.
fn specialties_of(index: usize, main: DemoSpecialty) -> Vec<&'static str> {
    let second = SPECIALTIES.first().filter(|second| index % 8 == 4 && **second != main);
    [Some(main.code), second.map(|second| second.code)].into_iter().flatten().collect()
}

/// The first of a list, and the others but for every `n`th, by the number of the provider.
fn first_and_some(list: &[&'static str], index: usize, n: usize) -> Vec<&'static str> {
    let kept = list.iter().enumerate().filter(|(place, _)| *place == 0 || (place + index) % n < 2);
    kept.map(|(_, value)| *value).collect()
}
