use crate::contacts::file::{FileProblem, Reason};

/// Texts of the import of contacts from a file.
pub struct ImportTexts {
    pub title: &'static str,
    pub intro: &'static str,
    pub file: &'static str,
    pub file_hint: &'static str,
    pub text: &'static str,
    pub text_hint: &'static str,
    pub start: &'static str,
    pub where_from: &'static str,
    pub sources: [(&'static str, &'static str); 6],
    pub nothing: &'static str,
    pub too_large: fn(usize) -> String,
    pub problem: fn(&FileProblem) -> String,
    pub done: &'static str,
    pub done_nothing: &'static str,
    pub new: &'static str,
    pub changed: &'static str,
    pub unchanged: &'static str,
    pub unusable: &'static str,
    pub without_number: &'static str,
    pub unusable_title: &'static str,
    pub unusable_what: &'static str,
    pub line: &'static str,
    pub value: &'static str,
    pub reason: &'static str,
    pub reason_of: fn(Reason) -> String,
    pub more: fn(String) -> String,
    pub unused_title: &'static str,
    pub unused_what: &'static str,
    pub again: &'static str,
    pub to_contacts: &'static str,
}

/// The English texts.
pub const EN: ImportTexts = ImportTexts {
    title: "Contacts from a file",
    intro: "New numbers are added, known ones take the name of the file. Nothing is deleted. Importing the same file again \
        changes nothing.",
    file: "File",
    file_hint: "CSV, vCard or FRITZ!Box phonebook (.csv, .vcf, .xml), at most 5 MB.",
    text: "Or paste it here",
    text_hint: "What such a file holds, if none is chosen.",
    start: "Import",
    where_from: "Where the file comes from",
    sources: [
        ("Outlook", "File › Open & Export › Import/Export › Export to a file › CSV"),
        ("Google Contacts", "Export › Google CSV or vCard"),
        ("iPhone, iCloud", "icloud.com/contacts, select all, export vCard"),
        ("Thunderbird", "Address Book › Tools › Export › CSV or vCard"),
        ("FRITZ!Box", "Telephony › Telephone Book › Save (.xml)"),
        ("A table", "A first line like Name;Company;Phone;Mobile, below it a line for each person, saved as CSV"),
    ],
    nothing: "Please choose a file or paste something.",
    too_large: |megabytes| format!("The file has more than {megabytes} MB. Please split it and import the parts."),
    problem: |problem| match problem {
        FileProblem::Empty => "There is nothing in it.".to_owned(),
        FileProblem::NoText => "This is no text file. Please save an Excel workbook as CSV first.".to_owned(),
        FileProblem::TooMany => {
            "There are more than 200,000 people and companies in it. Please split it and import the parts.".to_owned()
        }
        FileProblem::Damaged(line) => {
            format!("The phonebook is cut off or damaged in line {line}. Please save it again; nothing was imported.")
        }
        FileProblem::Columns(found) => format!(
            "The first line must name the columns, at least a name and a telephone number, for example Name;Phone. It \
             says: {}",
            found.join(" | ")
        ),
    },
    done: "Done",
    done_nothing: "Nothing usable was found",
    new: "new",
    changed: "changed",
    unchanged: "known already",
    unusable: "unusable",
    without_number: "without a number",
    unusable_title: "What could not be used",
    unusable_what: "Everything else is saved.",
    line: "Line",
    value: "It says",
    reason: "Reason",
    reason_of: |reason| match reason {
        Reason::NoNumber => "no valid telephone number".to_owned(),
        Reason::NoName => "neither name nor company".to_owned(),
        Reason::LongName => "the name is too long".to_owned(),
        Reason::Twice(line) => format!("the same number has another name in line {line}; line {line} holds"),
    },
    more: |n| format!("and {n} more"),
    unused_title: "Columns not used",
    unused_what: "They look like telephone numbers, but their heading does not say so. To have them, write “Phone” in the \
        first line of the column and import the file again; nothing is doubled.",
    again: "Another file",
    to_contacts: "To the contacts",
};

/// The German texts.
pub const DE: ImportTexts = ImportTexts {
    title: "Kontakte aus einer Datei",
    intro: "Neue Nummern kommen hinzu, bekannte bekommen den Namen aus der Datei. Gelöscht wird nichts. Dieselbe Datei noch \
        einmal zu nehmen, ändert nichts.",
    file: "Datei",
    file_hint: "CSV, vCard oder FRITZ!Box-Telefonbuch (.csv, .vcf, .xml), höchstens 5 MB.",
    text: "Oder hier einfügen",
    text_hint: "Der Inhalt einer solchen Datei, wenn keine ausgewählt ist.",
    start: "Kontakte holen",
    where_from: "Woher die Datei kommt",
    sources: [
        ("Outlook", "Datei › Öffnen und Exportieren › Importieren/Exportieren › In Datei exportieren › CSV"),
        ("Google Kontakte", "Exportieren › Google CSV oder vCard"),
        ("iPhone, iCloud", "icloud.com/contacts, alle auswählen, vCard exportieren"),
        ("Thunderbird", "Adressbuch › Extras › Exportieren › CSV oder vCard"),
        ("FRITZ!Box", "Telefonie › Telefonbuch › Sichern (.xml)"),
        (
            "Tabelle",
            "Eine erste Zeile wie Name;Firma;Telefon;Mobil, darunter eine Zeile je Person, als CSV gespeichert",
        ),
    ],
    nothing: "Bitte eine Datei auswählen oder etwas einfügen.",
    too_large: |megabytes| format!("Die Datei hat mehr als {megabytes} MB. Bitte teilen und nacheinander holen."),
    problem: |problem| match problem {
        FileProblem::Empty => "Darin steht nichts.".to_owned(),
        FileProblem::NoText => "Das ist keine Textdatei. Eine Excel-Mappe bitte zuerst als CSV speichern.".to_owned(),
        FileProblem::TooMany => {
            "Darin stehen mehr als 200.000 Leute und Firmen. Bitte teilen und nacheinander holen.".to_owned()
        }
        FileProblem::Damaged(line) => format!(
            "Das Telefonbuch ist in Zeile {line} abgeschnitten oder beschädigt. Bitte noch einmal sichern; es wurde nichts \
             übernommen."
        ),
        FileProblem::Columns(found) => format!(
            "Die erste Zeile muss die Spalten nennen, mindestens einen Namen und eine Telefonnummer, zum Beispiel \
             Name;Telefon. Dort steht: {}",
            found.join(" | ")
        ),
    },
    done: "Fertig",
    done_nothing: "Nichts Brauchbares gefunden",
    new: "neu",
    changed: "geändert",
    unchanged: "schon bekannt",
    unusable: "unbrauchbar",
    without_number: "ohne Nummer",
    unusable_title: "Was nicht zu gebrauchen war",
    unusable_what: "Alles andere ist gespeichert.",
    line: "Zeile",
    value: "Dort steht",
    reason: "Grund",
    reason_of: |reason| match reason {
        Reason::NoNumber => "keine gültige Telefonnummer".to_owned(),
        Reason::NoName => "weder Name noch Firma".to_owned(),
        Reason::LongName => "der Name ist zu lang".to_owned(),
        Reason::Twice(line) => format!("dieselbe Nummer heißt in Zeile {line} anders; es gilt Zeile {line}"),
    },
    more: |n| format!("und {n} weitere"),
    unused_title: "Nicht verwendete Spalten",
    unused_what: "Darin stehen wohl Telefonnummern, aber die Überschrift verrät es nicht. Bitte in der ersten Zeile der \
        Spalte „Telefon“ eintragen und die Datei noch einmal importieren; doppelt wird nichts.",
    again: "Noch eine Datei",
    to_contacts: "Zu den Kontakten",
};
