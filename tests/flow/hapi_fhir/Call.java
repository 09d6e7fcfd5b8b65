// Calls a FHIR server through HAPI FHIR's client, in JSON and in XML: one line for each thing done.
//
//   java -cp … Call.java http://127.0.0.1:8080/fhir

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.ServerValidationModeEnum;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import java.util.Date;
import java.util.function.Supplier;
import org.hl7.fhir.r4.model.*;

public class Call {
    static IGenericClient client;
    static String as;

    static Encounter encounter(String number) {
        Encounter e = new Encounter();
        e.setStatus(Encounter.EncounterStatus.INPROGRESS);
        e.addIdentifier().setSystem("https://rzz.example/visit").setValue(number);
        e.getClass_().setSystem("http://terminology.hl7.org/CodeSystem/v3-ActCode").setCode("IMP");
        e.getPeriod().setStart(new Date(1772360000000L));
        return e;
    }

    static void tell(String what, Supplier<String> call) {
        String said;
        try {
            said = call.get();
        } catch (BaseServerResponseException refused) {
            OperationOutcome outcome = (OperationOutcome) refused.getOperationOutcome();
            said = refused.getStatusCode() + " " + (outcome == null ? "no outcome"
                : outcome.getIssueFirstRep().getSeverity().toCode() + " " + outcome.getIssueFirstRep().getCode().toCode()
                    + (outcome.getIssueFirstRep().hasDiagnostics() ? " told" : ""));
        }
        System.out.println(as + " " + what + ": " + said);
    }

    static String id(MethodOutcome outcome) {
        return outcome.getId().getResourceType() + " " + outcome.getId().hasIdPart() + " " + outcome.getId().getVersionIdPart();
    }

    static Bundle bundle(Bundle.BundleType type, Resource... resources) {
        Bundle b = new Bundle();
        b.setType(type);
        for (Resource r : resources) {
            b.addEntry().setResource(r).getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl(r.fhirType());
        }
        return b;
    }

    static Bundle message() {
        MessageHeader header = new MessageHeader();
        header.setId("c1ab3fba-6bae-4ba4-b257-5a87c44d4a91");
        header.setEvent(new Coding("urn:x", "a", null));
        header.getSource().setEndpoint("urn:them");
        Bundle b = new Bundle();
        b.setType(Bundle.BundleType.MESSAGE);
        b.setTimestamp(new java.util.Date());
        b.addEntry().setFullUrl("urn:uuid:c1ab3fba-6bae-4ba4-b257-5a87c44d4a91").setResource(header);
        b.addEntry().setFullUrl("urn:uuid:c1ab3fba-6bae-4ba4-b257-5a87c44d4a93").setResource(encounter("V9"));
        return b;
    }

    static void all() {
        tell("metadata", () -> client.capabilities().ofType(CapabilityStatement.class).execute().getFhirVersion().toCode());
        tell("create", () -> id(client.create().resource(encounter("V1")).execute()));
        tell("update", () -> {
            Encounter e = encounter("V1");
            e.setId("Encounter/e1");
            return String.valueOf(client.update().resource(e).execute().getId().getIdPart());
        });
        tell("delete", () -> {
            client.delete().resourceById("Encounter", "e1").execute();
            return "done";
        });
        tell("transaction", () -> {
            Bundle answer = client.transaction().withBundle(bundle(Bundle.BundleType.TRANSACTION, encounter("V2"), encounter("V3"))).execute();
            return answer.getType().toCode() + " " + answer.getEntry().size() + " " + answer.getEntryFirstRep().getResponse().getStatus();
        });
        tell("batch", () -> {
            Bundle answer = client.transaction().withBundle(bundle(Bundle.BundleType.BATCH, encounter("V4"), new Observation())).execute();
            OperationOutcome outcome = (OperationOutcome) answer.getEntry().get(1).getResponse().getOutcome();
            return answer.getType().toCode() + " " + answer.getEntry().get(1).getResponse().getStatus() + " "
                + outcome.getIssueFirstRep().getCode().toCode();
        });
        tell("message", () -> {
            Bundle answer = client.operation().processMessage().setMessageBundle(message()).synchronous(Bundle.class).execute();
            MessageHeader header = (MessageHeader) answer.getEntryFirstRep().getResource();
            return header.getResponse().getCode().toCode() + " " + header.getResponse().getIdentifier();
        });
        tell("another type", () -> id(client.create().resource(new Observation()).execute()));
        tell("conditional", () -> id(client.create().resource(encounter("V5")).conditionalByUrl("Encounter?identifier=x").execute()));
        tell("read", () -> client.read().resource(Encounter.class).withId("e1").execute().getId());
        tell("unanswered focus", () -> {
            Bundle b = message();
            ((MessageHeader) b.getEntryFirstRep().getResource()).addFocus().setReference("urn:uuid:c1ab3fba-6bae-4ba4-b257-5a87c44d4a92");
            client.operation().processMessage().setMessageBundle(b).synchronous(Bundle.class).execute();
            return "taken";
        });
    }

    public static void main(String[] args) {
        FhirContext context = FhirContext.forR4();
        context.getRestfulClientFactory().setServerValidationMode(ServerValidationModeEnum.NEVER);
        client = context.newRestfulGenericClient(args[0]);
        for (EncodingEnum encoding : new EncodingEnum[] {EncodingEnum.JSON, EncodingEnum.XML}) {
            as = encoding.name();
            client.setEncoding(encoding);
            all();
        }
    }
}
