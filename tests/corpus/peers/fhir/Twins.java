// Reads FHIR documents with HAPI FHIR's parsers and writes each as JSON and as XML.
//
//   java -cp … Twins.java FOLDER < list      a line of the list: R4|DSTU2, a tab, a file
//
// The nth file becomes FOLDER/n.json and FOLDER/n.xml. A line of the answer: "ok"; "odd" and what is against the
// definitions, where it is read all the same; "bad" and why it cannot be read or written.

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.parser.LenientErrorHandler;
import ca.uhn.fhir.parser.StrictErrorHandler;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hl7.fhir.instance.model.api.IBaseResource;

public class Twins {
    static FhirContext context(FhirContext made) {
        made.getParserOptions().setOverrideResourceIdWithBundleEntryFullUrl(false);
        made.getParserOptions().setStripVersionsFromReferences(false);
        return made;
    }

    static String line(Throwable why) {
        return String.valueOf(why.getMessage()).replaceAll("\\s+", " ");
    }

    static IBaseResource read(FhirContext context, String text, boolean strict) {
        IParser parser = text.stripLeading().startsWith("<") ? context.newXmlParser() : context.newJsonParser();
        parser.setParserErrorHandler(strict ? new StrictErrorHandler() : new LenientErrorHandler(false).disableAllErrors());
        return parser.parseResource(text);
    }

    static String twins(FhirContext context, Path file, Path folder, int number) throws Exception {
        String text = Files.readString(file, StandardCharsets.UTF_8).replace("\uFEFF", ""), said = "ok";
        text = text.replaceAll("(?s)<!--.*?-->", ""); // of DSTU2, comments would become elements of JSON
        IBaseResource resource;
        try {
            resource = read(context, text, true);
        } catch (RuntimeException against) {
            said = "odd " + line(against);
            try {
                resource = read(context, text, false);
            } catch (RuntimeException unreadable) {
                return "bad " + line(unreadable);
            }
        }
        try {
            Files.writeString(folder.resolve(number + ".json"), context.newJsonParser().encodeResourceToString(resource));
            Files.writeString(folder.resolve(number + ".xml"), context.newXmlParser().encodeResourceToString(resource));
        } catch (RuntimeException unwritable) {
            return "bad " + line(unwritable);
        }
        return said;
    }

    public static void main(String[] args) throws Exception {
        FhirContext r4 = context(FhirContext.forR4()), dstu2 = context(FhirContext.forDstu2());
        BufferedReader list = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int number = 0;
        for (String line; (line = list.readLine()) != null; number++) {
            String[] parts = line.split("\t");
            System.out.println(twins(parts[0].equals("R4") ? r4 : dstu2, Path.of(parts[1]), Path.of(args[0]), number));
        }
    }
}
