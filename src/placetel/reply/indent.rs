use quick_xml::events::Event;
use quick_xml::{Reader, Writer};

/// Indents an XML document for people, one line for each element; what is not XML stays as it is.
pub fn indented(xml: &str) -> String {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Text(text)) if text.trim().is_empty() => {}
            Ok(event) => {
                if writer.write_event(event).is_err() {
                    return xml.to_owned();
                }
            }
            Err(_) => return xml.to_owned(),
        }
    }
    String::from_utf8(writer.into_inner()).unwrap_or_else(|_| xml.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_element_has_a_line_and_texts_stay() {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Forward voicemail=\"true\"><Target ringtime=\"30\">\
            <Number>7777a@fpbx.de</Number><Number>A &amp; B</Number></Target></Forward></Response>";
        let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Forward voicemail=\"true\">\n    \
            <Target ringtime=\"30\">\n      <Number>7777a@fpbx.de</Number>\n      <Number>A &amp; B</Number>\n    </Target>\n  \
            </Forward>\n</Response>";
        assert_eq!(indented(xml), expected);
        assert_eq!(indented(expected), expected);
        for strange in ["", "no xml", "<a>", "</a>", "<a", "<a></b>", "<Response/>"] {
            assert_eq!(indented(strange).replace(['\n', ' '], ""), strange.replace(' ', ""), "{strange}");
        }
    }
}
