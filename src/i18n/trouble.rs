use crate::store::condition::Trouble;

/// What is wrong with the database, and who mends it.
pub fn german(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Unreachable => "Sie ist nicht erreichbar.",
        Trouble::Refusing => "Sie lehnt ab, worum sie gebeten wird: Das Protokoll des Dienstes sagt, warum.",
        Trouble::Damaged => "Ihre Datei ist beschädigt: Bitte eine Sicherung einspielen.",
        Trouble::Missing => "Ihre Datei ist nicht mehr da: Ist die Festplatte eingehängt?",
        Trouble::ReadOnly => "Sie lässt sich nur lesen.",
        Trouble::Full => "Die Festplatte ist voll.",
        Trouble::Rebuilding => "Anrufe und Zahlen werden gerade neu berechnet; das geht von selbst vorbei.",
    }
}

/// The same.
pub fn english(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Unreachable => "It cannot be reached.",
        Trouble::Refusing => "It refuses what is asked of it: the log of the service says why.",
        Trouble::Damaged => "Its file is damaged: restore a backup.",
        Trouble::Missing => "Its file is gone: is the disk mounted?",
        Trouble::ReadOnly => "It can only be read.",
        Trouble::Full => "The disk is full.",
        Trouble::Rebuilding => "Calls and figures are being derived again; that ends by itself.",
    }
}
