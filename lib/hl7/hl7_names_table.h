/* hl7_names_table.h - the rows behind hl7_names.h: parts in order, "Name:TYPE" where the part has
 * parts of its own, or is a time (TS, DT); nothing between two bars where weir knows no name, "..."
 * where any number of parts follows. */
#ifndef WEIR_HL7_NAMES_TABLE_H
#define WEIR_HL7_NAMES_TABLE_H

struct hl7_segment_row {
    char id[4];
    const char *name, *fields;
};

struct hl7_type_row {
    char id[4];
    const char *parts;
};

static const struct hl7_segment_row hl7_segment_rows[] = {
    {"MSH", "Message Header",
     "Field Separator|Encoding Characters|Sending Application:HD|Sending Facility:HD|Receiving "
     "Application:HD|Receiving Facility:HD|Date/Time of Message:TS|Security|Message "
     "Type:MSG|Message Control ID|Processing ID:PT|Version ID:VID|Sequence Number|Continuation "
     "Pointer|Accept Acknowledgment Type|Application Acknowledgment Type|Country Code|Character "
     "Set|Principal Language of Message:CE|Alternate Character Set Handling Scheme|Message Profile "
     "Identifier:EI"},
    {"EVN", "Event Type",
     "Event Type Code|Recorded Date/Time:TS|Date/Time Planned Event:TS|Event Reason Code|Operator "
     "ID:XCN|Event Occurred:TS|Event Facility:HD"},
    {"PID", "Patient Identification",
     "Set ID|Patient ID:CX|Patient Identifier List:CX|Alternate Patient ID:CX|Patient "
     "Name:XPN|Mother's Maiden Name:XPN|Date/Time of Birth:TS|Administrative Sex|Patient "
     "Alias:XPN|Race:CE|Patient Address:XAD|County Code|Phone Number - Home:XTN|Phone Number - "
     "Business:XTN|Primary Language:CE|Marital Status:CE|Religion:CE|Patient Account Number:CX|SSN "
     "Number|Driver's License Number:DLN|Mother's Identifier:CX|Ethnic Group:CE|Birth "
     "Place|Multiple Birth Indicator|Birth Order|Citizenship:CE|Veterans Military "
     "Status:CE|Nationality:CE|Patient Death Date and Time:TS|Patient Death Indicator|Identity "
     "Unknown Indicator|Identity Reliability Code|Last Update Date/Time:TS|Last Update "
     "Facility:HD|Species Code:CE|Breed Code:CE|Strain|Production Class Code:CE|Tribal "
     "Citizenship:CWE"},
    {"PD1", "Patient Additional Demographic",
     "Living Dependency|Living Arrangement|Patient Primary Facility:XON|Patient Primary Care "
     "Provider:XCN|Student Indicator|Handicap|Living Will Code|Organ Donor Code|Separate "
     "Bill|Duplicate Patient:CX|Publicity Code:CE|Protection Indicator|Protection Indicator "
     "Effective Date:DT|Place of Worship:XON|Advance Directive Code:CE|Immunization Registry "
     "Status|Immunization Registry Status Effective Date:DT|Publicity Code Effective "
     "Date:DT|Military Branch|Military Rank/Grade|Military Status"},
    {"NK1", "Next of Kin",
     "Set ID|Name:XPN|Relationship:CE|Address:XAD|Phone Number:XTN|Business Phone "
     "Number:XTN|Contact Role:CE|Start Date:DT|End Date:DT|Job Title|Job Code/Class:JCC|Employee "
     "Number:CX|Organization Name:XON|Marital Status:CE|Administrative Sex|Date/Time of "
     "Birth:TS|Living Dependency|Ambulatory Status|Citizenship:CE|Primary Language:CE|Living "
     "Arrangement|Publicity Code:CE|Protection Indicator|Student Indicator|Religion:CE|Mother's "
     "Maiden Name:XPN|Nationality:CE|Ethnic Group:CE|Contact Reason:CE|Contact Person's "
     "Name:XPN|Contact Person's Telephone Number:XTN|Contact Person's "
     "Address:XAD|Identifiers:CX|Job Status|Race:CE|Handicap|Contact Person's SSN|Birth Place|VIP "
     "Indicator"},
    {"PV1", "Patient Visit",
     "Set ID|Patient Class|Assigned Patient Location:PL|Admission Type|Preadmit Number:CX|Prior "
     "Patient Location:PL|Attending Doctor:XCN|Referring Doctor:XCN|Consulting Doctor:XCN|Hospital "
     "Service|Temporary Location:PL|Preadmit Test Indicator|Re-admission Indicator|Admit "
     "Source|Ambulatory Status|VIP Indicator|Admitting Doctor:XCN|Patient Type|Visit "
     "Number:CX|Financial Class:FC|Charge Price Indicator|Courtesy Code|Credit Rating|Contract "
     "Code|Contract Effective Date:DT|Contract Amount|Contract Period|Interest Code|Transfer to "
     "Bad Debt Code|Transfer to Bad Debt Date:DT|Bad Debt Agency Code|Bad Debt Transfer Amount|Bad "
     "Debt Recovery Amount|Delete Account Indicator|Delete Account Date:DT|Discharge "
     "Disposition|Discharged to Location:DLD|Diet Type:CE|Servicing Facility|Bed Status|Account "
     "Status|Pending Location:PL|Prior Temporary Location:PL|Admit Date/Time:TS|Discharge "
     "Date/Time:TS|Current Patient Balance|Total Charges|Total Adjustments|Total "
     "Payments|Alternate Visit ID:CX|Visit Indicator|Other Healthcare Provider:XCN"},
    {"PV2", "Patient Visit - Additional",
     "Prior Pending Location:PL|Accommodation Code:CE|Admit Reason:CE|Transfer Reason:CE|Patient "
     "Valuables|Patient Valuables Location|Visit User Code|Expected Admit Date/Time:TS|Expected "
     "Discharge Date/Time:TS|Estimated Length of Inpatient Stay|Actual Length of Inpatient "
     "Stay|Visit Description|Referral Source Code:XCN|Previous Service Date:DT|Employment Illness "
     "Related Indicator|Purge Status Code|Purge Status Date:DT|Special Program Code|Retention "
     "Indicator|Expected Number of Insurance Plans|Visit Publicity Code|Visit Protection "
     "Indicator|Clinic Organization Name:XON|Patient Status Code|Visit Priority Code|Previous "
     "Treatment Date:DT|Expected Discharge Disposition|Signature on File Date:DT|First Similar "
     "Illness Date:DT|Patient Charge Adjustment Code:CE|Recurring Service Code|Billing Media "
     "Code|Expected Surgery Date and Time:TS|Military Partnership Code|Military Non-Availability "
     "Code|Newborn Baby Indicator|Baby Detained Indicator|Mode of Arrival Code:CE|Recreational "
     "Drug Use Code:CE|Admission Level of Care Code:CE|Precaution Code:CE|Patient Condition "
     "Code:CE|Living Will Code|Organ Donor Code|Advance Directive Code:CE|Patient Status Effective "
     "Date:DT|Expected LOA Return Date/Time:TS|Expected Pre-admission Testing Date/Time:TS|Notify "
     "Clergy Code"},
    {"MRG", "Merge Patient Information",
     "Prior Patient Identifier List:CX|Prior Alternate Patient ID:CX|Prior Patient Account "
     "Number:CX|Prior Patient ID:CX|Prior Visit Number:CX|Prior Alternate Visit ID:CX|Prior "
     "Patient Name:XPN"},
    {"ROL", "Role",
     "Role Instance ID:EI|Action Code|Role:CE|Role Person:XCN|Role Begin Date/Time:TS|Role End "
     "Date/Time:TS|Role Duration:CE|Role Action Reason:CE|Provider Type:CE|Organization Unit "
     "Type:CE|Office/Home Address:XAD|Phone:XTN"},
    {"NPU", "Bed Status Update", "Bed Location:PL|Bed Status"},
    {"DB1", "Disability",
     "Set ID|Disabled Person Code|Disabled Person Identifier:CX|Disability Indicator|Disability "
     "Start Date:DT|Disability End Date:DT|Disability Return to Work Date:DT|Disability Unable to "
     "Work Date:DT"},
    {"PDA", "Patient Death and Autopsy",
     "Death Cause Code:CE|Death Location:PL|Death Certified Indicator|Death Certificate Signed "
     "Date/Time:TS|Death Certified By:XCN|Autopsy Indicator|Autopsy Start and End "
     "Date/Time:DR|Autopsy Performed By:XCN|Coroner Indicator"},
    {"ACC", "Accident",
     "Accident Date/Time:TS|Accident Code:CE|Accident Location|Auto Accident State:CE|Accident Job "
     "Related Indicator|Accident Death Indicator|Entered By:XCN|Accident Description|Brought In "
     "By|Police Notified Indicator|Accident Address:XAD"},
    {"AL1", "Patient Allergy Information",
     "Set ID|Allergen Type Code:CE|Allergen Code:CE|Allergy Severity Code:CE|Allergy Reaction "
     "Code|Identification Date:DT"},
    {"IAM", "Patient Adverse Reaction Information",
     "Set ID|Allergen Type Code:CE|Allergen Code:CE|Allergy Severity Code:CE|Allergy Reaction "
     "Code|Allergy Action Code:CNE|Allergy Unique Identifier:EI|Action Reason|Sensitivity to "
     "Causative Agent Code:CE|Allergen Group Code:CE|Onset Date:DT|Onset Date Text|Reported "
     "Date/Time:TS|Reported By:XPN|Relationship to Patient Code:CE|Alert Device Code:CE|Allergy "
     "Clinical Status Code:CE|Statused by Person:XCN|Statused by Organization:XON|Statused at "
     "Date/Time:TS"},
    {"DG1", "Diagnosis",
     "Set ID|Diagnosis Coding Method|Diagnosis Code:CE|Diagnosis Description|Diagnosis "
     "Date/Time:TS|Diagnosis Type|Major Diagnostic Category:CE|Diagnostic Related Group:CE|DRG "
     "Approval Indicator|DRG Grouper Review Code|Outlier Type:CE|Outlier Days|Outlier "
     "Cost:CP|Grouper "
     "Version and Type|Diagnosis Priority|Diagnosing Clinician:XCN|Diagnosis "
     "Classification|Confidential Indicator|Attestation Date/Time:TS|Diagnosis "
     "Identifier:EI|Diagnosis Action Code"},
    {"PR1", "Procedures",
     "Set ID|Procedure Coding Method|Procedure Code:CE|Procedure Description|Procedure "
     "Date/Time:TS|Procedure Functional Type|Procedure Minutes|Anesthesiologist:XCN|Anesthesia "
     "Code|Anesthesia Minutes|Surgeon:XCN|Procedure Practitioner:XCN|Consent Code:CE|Procedure "
     "Priority|Associated Diagnosis Code:CE|Procedure Code Modifier:CE|Procedure DRG Type|Tissue "
     "Type Code:CE|Procedure Identifier:EI|Procedure Action Code"},
    {"ORC", "Common Order",
     "Order Control|Placer Order Number:EI|Filler Order Number:EI|Placer Group Number:EI|Order "
     "Status|Response Flag|Quantity/Timing:TQ|Parent Order:EIP|Date/Time of Transaction:TS|Entered "
     "By:XCN|Verified By:XCN|Ordering Provider:XCN|Enterer's Location:PL|Call Back Phone "
     "Number:XTN|Order Effective Date/Time:TS|Order Control Code Reason:CE|Entering "
     "Organization:CE|Entering Device:CE|Action By:XCN|Advanced Beneficiary Notice "
     "Code:CE|Ordering Facility Name:XON|Ordering Facility Address:XAD|Ordering Facility Phone "
     "Number:XTN|Ordering Provider Address:XAD|Order Status Modifier:CWE|Advanced Beneficiary "
     "Notice Override Reason:CWE|Filler's Expected Availability Date/Time:TS|Confidentiality "
     "Code:CWE|Order Type:CWE|Enterer Authorization Mode:CNE|Parent Universal Service "
     "Identifier:CWE"},
    {"OBR", "Observation Request",
     "Set ID|Placer Order Number:EI|Filler Order Number:EI|Universal Service "
     "Identifier:CE|Priority|Requested Date/Time:TS|Observation Date/Time:TS|Observation End "
     "Date/Time:TS|Collection Volume:CQ|Collector Identifier:XCN|Specimen Action Code|Danger "
     "Code:CE|Relevant Clinical Information|Specimen Received Date/Time:TS|Specimen "
     "Source:SPS|Ordering Provider:XCN|Order Callback Phone Number:XTN|Placer Field 1|Placer Field "
     "2|Filler Field 1|Filler Field 2|Results Report/Status Change Date/Time:TS|Charge to "
     "Practice:MOC|Diagnostic Service Section ID|Result Status|Parent "
     "Result:PRL|Quantity/Timing:TQ|Result Copies To:XCN|Parent:EIP|Transportation Mode|Reason for "
     "Study:CE|Principal Result Interpreter:NDL|Assistant Result "
     "Interpreter:NDL|Technician:NDL|Transcriptionist:NDL|Scheduled Date/Time:TS|Number of Sample "
     "Containers|Transport Logistics of Collected Sample:CE|Collector's Comment:CE|Transport "
     "Arrangement Responsibility:CE|Transport Arranged|Escort Required|Planned Patient Transport "
     "Comment:CE|Procedure Code:CE|Procedure Code Modifier:CE|Placer Supplemental Service "
     "Information:CE|Filler Supplemental Service Information:CE|Medically Necessary Duplicate "
     "Procedure Reason:CWE|Result Handling|Parent Universal Service Identifier:CWE"},
    {"OBX", "Observation/Result",
     "Set ID|Value Type|Observation Identifier:CE|Observation Sub-ID|Observation "
     "Value|Units:CE|References Range|Abnormal Flags|Probability|Nature of Abnormal "
     "Test|Observation Result Status|Effective Date of Reference Range:TS|User Defined Access "
     "Checks|Date/Time of the Observation:TS|Producer's ID:CE|Responsible Observer:XCN|Observation "
     "Method:CE|Equipment Instance Identifier:EI|Date/Time of the Analysis:TS||||Performing "
     "Organization Name:XON|Performing Organization Address:XAD|Performing Organization Medical "
     "Director:XCN"},
    {"IN1", "Insurance",
     "Set ID|Insurance Plan ID:CE|Insurance Company ID:CX|Insurance Company Name:XON|Insurance "
     "Company Address:XAD|Insurance Co Contact Person:XPN|Insurance Co Phone Number:XTN|Group "
     "Number|Group Name:XON|Insured's Group Emp ID:CX|Insured's Group Emp Name:XON|Plan Effective "
     "Date:DT|Plan Expiration Date:DT|Authorization Information:AUI|Plan Type|Name of "
     "Insured:XPN|Insured's Relationship to Patient:CE|Insured's Date of Birth:TS|Insured's "
     "Address:XAD|Assignment of Benefits|Coordination of Benefits|Coordination of Benefits "
     "Priority|Notice of Admission Flag|Notice of Admission Date:DT|Report of Eligibility "
     "Flag|Report of Eligibility Date:DT|Release Information Code|Pre-Admit "
     "Certification|Verification Date/Time:TS|Verification By:XCN|Type of Agreement Code|Billing "
     "Status|Lifetime Reserve Days|Delay Before Lifetime Reserve Day|Company Plan Code|Policy "
     "Number|Policy Deductible:CP|Policy Limit - Amount:CP|Policy Limit - Days|Room Rate - "
     "Semi-Private:CP|Room Rate - Private:CP|Insured's Employment Status:CE|Insured's "
     "Administrative Sex|Insured's Employer's Address:XAD|Verification Status|Prior Insurance Plan "
     "ID|Coverage Type|Handicap|Insured's ID Number:CX|Signature Code|Signature Code "
     "Date:DT|Insured's Birth Place|VIP Indicator"},
    {"IN2", "Insurance Additional Information",
     "Insured's Employee ID:CX|Insured's Social Security Number|Insured's Employer's Name and "
     "ID:XCN|Employer Information Data|Mail Claim Party|Medicare Health Insurance Card "
     "Number|Medicaid Case Name:XPN|Medicaid Case Number|Military Sponsor Name:XPN|Military ID "
     "Number|Dependent of Military Recipient:CE|Military Organization|Military Station|Military "
     "Service|Military Rank/Grade|Military Status|Military Retire Date:DT|Military "
     "Non-Availability Certificate on File|Baby Coverage|Combine Baby Bill|Blood "
     "Deductible|Special Coverage Approval Name:XPN|Special Coverage Approval Title|Non-Covered "
     "Insurance Code|Payor ID:CX|Payor Subscriber ID:CX|Eligibility Source|Room Coverage "
     "Type/Amount|Policy Type/Amount|Daily Deductible|Living Dependency|Ambulatory "
     "Status|Citizenship:CE|Primary Language:CE|Living Arrangement|Publicity Code:CE|Protection "
     "Indicator|Student Indicator|Religion:CE|Mother's Maiden Name:XPN|Nationality:CE|Ethnic "
     "Group:CE|Marital Status:CE|Insured's Employment Start Date:DT|Employment Stop Date:DT|Job "
     "Title|Job Code/Class:JCC|Job Status|Employer Contact Person Name:XPN|Employer Contact Person "
     "Phone Number:XTN|Employer Contact Reason|Insured's Contact Person's Name:XPN|Insured's "
     "Contact Person Phone Number:XTN|Insured's Contact Person Reason|Relationship to the Patient "
     "Start Date:DT|Relationship to the Patient Stop Date:DT|Insurance Co Contact Reason|Insurance "
     "Co Contact Phone Number:XTN|Policy Scope|Policy Source|Patient Member Number:CX|Guarantor's "
     "Relationship to Insured:CE|Insured's Phone Number - Home:XTN|Insured's Employer Phone "
     "Number:XTN|Military Handicapped Program:CE|Suspend Flag|Copay Limit Flag|Stoploss Limit "
     "Flag|Insured Organization Name and ID:XON|Insured Employer Organization Name and "
     "ID:XON|Race:CE|Patient's Relationship to Insured:CE"},
    {"IN3", "Insurance Additional Information, Certification",
     "Set ID|Certification Number:CX|Certified By:XCN|Certification Required|Penalty|Certification "
     "Date/Time:TS|Certification Modify Date/Time:TS|Operator:XCN|Certification Begin "
     "Date:DT|Certification End Date:DT|Days|Non-Concur Code/Description:CE|Non-Concur Effective "
     "Date/Time:TS|Physician Reviewer:XCN|Certification Contact|Certification Contact Phone "
     "Number:XTN|Appeal Reason:CE|Certification Agency:CE|Certification Agency Phone "
     "Number:XTN|Pre-Certification Requirement|Case Manager|Second Opinion Date:DT|Second Opinion "
     "Status|Second Opinion Documentation Received|Second Opinion Physician:XCN"},
    {"GT1", "Guarantor",
     "Set ID|Guarantor Number:CX|Guarantor Name:XPN|Guarantor Spouse Name:XPN|Guarantor "
     "Address:XAD|Guarantor Phone Number - Home:XTN|Guarantor Phone Number - "
     "Business:XTN|Guarantor Date/Time of Birth:TS|Guarantor Administrative Sex|Guarantor "
     "Type|Guarantor Relationship:CE|Guarantor Social Security Number|Guarantor Date - "
     "Begin:DT|Guarantor Date - End:DT|Guarantor Priority|Guarantor Employer Name:XPN|Guarantor "
     "Employer Address:XAD|Guarantor Employer Phone Number:XTN|Guarantor Employee ID "
     "Number:CX|Guarantor Employment Status|Guarantor Organization Name:XON|Guarantor Billing Hold "
     "Flag|Guarantor Credit Rating Code:CE|Guarantor Death Date and Time:TS|Guarantor Death "
     "Flag|Guarantor Charge Adjustment Code:CE|Guarantor Household Annual Income:CP|Guarantor "
     "Household Size|Guarantor Employer ID Number:CX|Guarantor Marital Status Code:CE|Guarantor "
     "Hire Effective Date:DT|Employment Stop Date:DT|Living Dependency|Ambulatory "
     "Status|Citizenship:CE|Primary Language:CE|Living Arrangement|Publicity Code:CE|Protection "
     "Indicator|Student Indicator|Religion:CE|Mother's Maiden Name:XPN|Nationality:CE|Ethnic "
     "Group:CE|Contact Person's Name:XPN|Contact Person's Telephone Number:XTN|Contact "
     "Reason:CE|Contact Relationship|Job Title|Job Code/Class:JCC|Guarantor Employer's "
     "Organization Name:XON|Handicap|Job Status|Guarantor Financial Class:FC|Guarantor "
     "Race:CE|Guarantor Birth Place|VIP Indicator"},
    {"DRG", "Diagnosis Related Group",
     "Diagnostic Related Group:CE|DRG Assigned Date/Time:TS|DRG Approval Indicator|DRG Grouper "
     "Review Code|Outlier Type:CE|Outlier Days|Outlier Cost:CP|DRG Payor|Outlier "
     "Reimbursement:CP|Confidential Indicator|DRG Transfer Type"},
    {"FT1", "Financial Transaction",
     "Set ID|Transaction ID|Transaction Batch ID|Transaction Date:DR|Transaction Posting "
     "Date:TS|Transaction Type|Transaction Code:CE|Transaction Description|Transaction Description "
     "- Alternate|Transaction Quantity|Transaction Amount - Extended:CP|Transaction Amount - "
     "Unit:CP|Department Code:CE|Insurance Plan ID:CE|Insurance Amount:CP|Assigned Patient "
     "Location:PL|Fee Schedule|Patient Type|Diagnosis Code:CE|Performed By Code:XCN|Ordered By "
     "Code:XCN|Unit Cost:CP|Filler Order Number:EI|Entered By Code:XCN|Procedure Code:CE|Procedure "
     "Code Modifier:CE|Advanced Beneficiary Notice Code:CE|Medically Necessary Duplicate Procedure "
     "Reason:CWE|NDC Code:CNE|Payment Reference ID:CX|Transaction Reference Key"},
    {"AUT", "Authorization Information",
     "Authorizing Payor, Plan ID:CE|Authorizing Payor, Company ID:CE|Authorizing Payor, Company "
     "Name|Authorization Effective Date:TS|Authorization Expiration Date:TS|Authorization "
     "Identifier:EI|Reimbursement Limit:CP|Requested Number of Treatments|Authorized Number of "
     "Treatments|Process Date:TS"},
    {"CON", "Consent",
     "Set ID|Consent Type:CWE|Consent Form ID|Consent Form Number:EI|Consent Text|Subject-specific "
     "Consent Text|Consent Background|Subject-specific Consent Background|Consenter-imposed "
     "Limitations|Consent Mode:CNE|Consent Status:CNE|Consent Discussion Date/Time:TS|Consent "
     "Decision Date/Time:TS|Consent Effective Date/Time:TS|Consent End Date/Time:TS|Subject "
     "Competence Indicator|Translator Assistance Indicator|Language Translated To|Informational "
     "Material Supplied Indicator|Consent Bypass Reason:CWE|Consent Disclosure Level|Consent "
     "Non-disclosure Reason:CWE|Non-subject Consenter Reason:CWE|Consenter ID:XPN|Relationship to "
     "Subject"},
    {"PRB", "Problem Details",
     "Action Code|Action Date/Time:TS|Problem ID:CE|Problem Instance ID:EI|Episode of Care "
     "ID:EI|Problem List Priority|Problem Established Date/Time:TS|Anticipated Problem Resolution "
     "Date/Time:TS|Actual Problem Resolution Date/Time:TS|Problem Classification:CE|Problem "
     "Management Discipline:CE|Problem Persistence:CE|Problem Confirmation Status:CE|Problem Life "
     "Cycle Status:CE|Problem Life Cycle Status Date/Time:TS|Problem Date of Onset:TS|Problem "
     "Onset Text|Problem Ranking:CE|Certainty of Problem:CE|Probability of Problem|Individual "
     "Awareness of Problem:CE|Problem Prognosis:CE|Individual Awareness of "
     "Prognosis:CE|Family/Significant Other Awareness of "
     "Problem/Prognosis|Security/Sensitivity:CE"},
    {"GOL", "Goal Detail",
     "Action Code|Action Date/Time:TS|Goal ID:CE|Goal Instance ID:EI|Episode of Care ID:EI|Goal "
     "List Priority|Goal Established Date/Time:TS|Expected Goal Achieve Date/Time:TS|Goal "
     "Classification:CE|Goal Management Discipline:CE|Current Goal Review Status:CE|Current Goal "
     "Review Date/Time:TS|Next Goal Review Date/Time:TS|Previous Goal Review Date/Time:TS|Goal "
     "Review Interval:TQ|Goal Evaluation:CE|Goal Evaluation Comment|Goal Life Cycle Status:CE|Goal "
     "Life Cycle Status Date/Time:TS|Goal Target Type:CE|Goal Target Name:XPN"},
    {"TQ2", "Timing/Quantity Relationship",
     "Set ID|Sequence/Results Flag|Related Placer Number:EI|Related Filler Number:EI|Related "
     "Placer Group Number:EI|Sequence Condition Code|Cyclic Entry/Exit Indicator|Sequence "
     "Condition Time Interval:CQ|Cyclic Group Maximum Number of Repeats|Special Service Request "
     "Relationship"},
    {"ODS", "Dietary Orders, Supplements, and Preferences",
     "Type|Service Period:CE|Diet, Supplement, or Preference Code:CE|Text Instruction"},
    {"RXO", "Pharmacy/Treatment Order",
     "Requested Give Code:CE|Requested Give Amount - Minimum|Requested Give Amount - "
     "Maximum|Requested Give Units:CE|Requested Dosage Form:CE|Provider's Pharmacy/Treatment "
     "Instructions:CE|Provider's Administration Instructions:CE|Deliver-To Location:LA1|Allow "
     "Substitutions|Requested Dispense Code:CE|Requested Dispense Amount|Requested Dispense "
     "Units:CE|Number of Refills|Ordering Provider's DEA Number:XCN|Pharmacist/Treatment "
     "Supplier's Verifier ID:XCN|Needs Human Review|Requested Give Per (Time Unit)|Requested Give "
     "Strength|Requested Give Strength Units:CE|Indication:CE|Requested Give Rate Amount|Requested "
     "Give Rate Units:CE|Total Daily Dose:CQ|Supplementary Code:CE|Requested Drug Strength "
     "Volume|Requested Drug Strength Volume Units:CWE|Pharmacy Order Type|Dispensing Interval"},
    {"RXE", "Pharmacy/Treatment Encoded Order",
     "Quantity/Timing:TQ|Give Code:CE|Give Amount - Minimum|Give Amount - Maximum|Give "
     "Units:CE|Give Dosage Form:CE|Provider's Administration Instructions:CE|Deliver-To "
     "Location:LA1|Substitution Status|Dispense Amount|Dispense Units:CE|Number of "
     "Refills|Ordering Provider's DEA Number:XCN|Pharmacist/Treatment Supplier's Verifier "
     "ID:XCN|Prescription Number|Number of Refills Remaining|Number of Refills/Doses "
     "Dispensed|Date/Time of Most Recent Refill or Dose Dispensed:TS|Total Daily Dose:CQ|Needs "
     "Human Review|Pharmacy/Treatment Supplier's Special Dispensing Instructions:CE|Give Per (Time "
     "Unit)|Give Rate Amount|Give Rate Units:CE|Give Strength|Give Strength Units:CE|Give "
     "Indication:CE|Dispense Package Size|Dispense Package Size Unit:CE|Dispense Package "
     "Method|Supplementary Code:CE|Original Order Date/Time:TS|Give Drug Strength Volume|Give Drug "
     "Strength Volume Units:CWE|Controlled Substance Schedule:CWE|Formulary Status|Pharmaceutical "
     "Substance Alternative:CWE|Pharmacy of Most Recent Fill:CWE|Initial Dispense "
     "Amount|Dispensing Pharmacy:CWE|Dispensing Pharmacy Address:XAD|Deliver-to Patient "
     "Location:PL|Deliver-to Address:XAD|Pharmacy Order Type"},
    {"RXR", "Pharmacy/Treatment Route",
     "Route:CE|Administration Site:CWE|Administration Device:CE|Administration Method:CWE|Routing "
     "Instruction:CE|Administration Site Modifier:CWE"},
    {"RXC", "Pharmacy/Treatment Component Order",
     "RX Component Type|Component Code:CE|Component Amount|Component Units:CE|Component "
     "Strength|Component Strength Units:CE|Supplementary Code:CE|Component Drug Strength "
     "Volume|Component Drug Strength Volume Units:CWE"},
    {"RXA", "Pharmacy/Treatment Administration",
     "Give Sub-ID Counter|Administration Sub-ID Counter|Date/Time Start of "
     "Administration:TS|Date/Time End of Administration:TS|Administered Code:CE|Administered "
     "Amount|Administered Units:CE|Administered Dosage Form:CE|Administration "
     "Notes:CE|Administering Provider:XCN|Administered-at Location:LA2|Administered Per (Time "
     "Unit)|Administered Strength|Administered Strength Units:CE|Substance Lot Number|Substance "
     "Expiration Date:TS|Substance Manufacturer Name:CE|Substance/Treatment Refusal "
     "Reason:CE|Indication:CE|Completion Status|Action Code|System Entry Date/Time:TS|Administered "
     "Drug Strength Volume|Administered Drug Strength Volume Units:CWE|Administered Barcode "
     "Identifier:CWE|Pharmacy Order Type"},
    {"RXD", "Pharmacy/Treatment Dispense",
     "Dispense Sub-ID Counter|Dispense/Give Code:CE|Date/Time Dispensed:TS|Actual Dispense "
     "Amount|Actual Dispense Units:CE|Actual Dosage Form:CE|Prescription Number|Number of Refills "
     "Remaining|Dispense Notes|Dispensing Provider:XCN|Substitution Status|Total Daily "
     "Dose:CQ|Dispense-to Location:LA2|Needs Human Review|Pharmacy/Treatment Supplier's Special "
     "Dispensing Instructions:CE|Actual Strength|Actual Strength Unit:CE|Substance Lot "
     "Number|Substance Expiration Date:TS|Substance Manufacturer Name:CE|Indication:CE|Dispense "
     "Package Size|Dispense Package Size Unit:CE|Dispense Package Method|Supplementary "
     "Code:CE|Initiating Location:CE|Packaging/Assembly Location:CE|Actual Drug Strength "
     "Volume|Actual Drug Strength Volume Units:CWE|Dispense to Pharmacy:CWE|Dispense to Pharmacy "
     "Address:XAD|Pharmacy Order Type|Dispense Type:CWE"},
    {"CTI", "Clinical Trial Identification",
     "Sponsor Study ID:EI|Study Phase Identifier:CE|Study Scheduled Time Point:CE"},
    {"BLG", "Billing", "When to Charge:CCD|Charge Type|Account ID:CX|Charge Type Reason:CWE"},
    {"QRD", "Query Definition",
     "Query Date/Time:TS|Query Format Code|Query Priority|Query ID|Deferred Response Type|Deferred "
     "Response Date/Time:TS|Quantity Limited Request:CQ|Who Subject Filter:XCN|What Subject "
     "Filter:CE|What Department Data Code:CE|What Data Code Value Qualifier:VR|Query Results "
     "Level"},
    {"QRF", "Query Filter",
     "Where Subject Filter|When Data Start Date/Time:TS|When Data End Date/Time:TS|What User "
     "Qualifier|Other Query Subject Filter|Which Date/Time Qualifier|Which Date/Time Status "
     "Qualifier|Date/Time Selection Qualifier|When Quantity/Timing Qualifier:TQ|Search Confidence "
     "Threshold"},
    {"QPD", "Query Parameter Definition", "Message Query Name:CE|Query Tag|User Parameters|..."},
    {"RCP", "Response Control Parameter",
     "Query Priority|Quantity Limited Request:CQ|Response Modality:CE|Execution and Delivery "
     "Time:TS|Modify Indicator|Sort-by Field:SRT|Segment Group Inclusion"},
    {"QAK", "Query Acknowledgment",
     "Query Tag|Query Response Status|Message Query Name:CE|Hit Count|This Payload|Hits Remaining"},
    {"DSP", "Display Data", "Set ID|Display Level|Data Line|Logical Break Point|Result ID"},
    {"NTE", "Notes and Comments", "Set ID|Source of Comment|Comment|Comment Type:CE"},
    {"TQ1", "Timing/Quantity",
     "Set ID|Quantity:CQ|Repeat Pattern|Explicit Time|Relative Time and Units:CQ|Service "
     "Duration:CQ|Start Date/Time:TS|End Date/Time:TS|Priority:CWE|Condition Text|Text "
     "Instruction|Conjunction|Occurrence Duration:CQ|Total Occurrences"},
    {"SPM", "Specimen",
     "Set ID|Specimen ID:EIP|Specimen Parent IDs:EIP|Specimen Type:CWE|Specimen Type "
     "Modifier:CWE|Specimen Additives:CWE|Specimen Collection Method:CWE|Specimen Source "
     "Site:CWE|Specimen Source Site Modifier:CWE|Specimen Collection Site:CWE|Specimen "
     "Role:CWE|Specimen Collection Amount:CQ|Grouped Specimen Count|Specimen Description|Specimen "
     "Handling Code:CWE|Specimen Risk Code:CWE|Specimen Collection Date/Time:DR|Specimen Received "
     "Date/Time:TS|Specimen Expiration Date/Time:TS|Specimen Availability|Specimen Reject "
     "Reason:CWE|Specimen Quality:CWE|Specimen Appropriateness:CWE|Specimen Condition:CWE|Specimen "
     "Current Quantity:CQ|Number of Specimen Containers|Container Type:CWE|Container "
     "Condition:CWE|Specimen Child Role:CWE"},
    {"SCH", "Scheduling Activity Information",
     "Placer Appointment ID:EI|Filler Appointment ID:EI|Occurrence Number|Placer Group "
     "Number:EI|Schedule ID:CE|Event Reason:CE|Appointment Reason:CE|Appointment "
     "Type:CE|Appointment Duration|Appointment Duration Units:CE|Appointment Timing "
     "Quantity:TQ|Placer Contact Person:XCN|Placer Contact Phone Number:XTN|Placer Contact "
     "Address:XAD|Placer Contact Location:PL|Filler Contact Person:XCN|Filler Contact Phone "
     "Number:XTN|Filler Contact Address:XAD|Filler Contact Location:PL|Entered By "
     "Person:XCN|Entered By Phone Number:XTN|Entered By Location:PL|Parent Placer Appointment "
     "ID:EI|Parent Filler Appointment ID:EI|Filler Status Code:CE|Placer Order Number:EI|Filler "
     "Order Number:EI"},
    {"RGS", "Resource Group", "Set ID|Segment Action Code|Resource Group ID:CE"},
    {"AIS", "Appointment Information - Service",
     "Set ID|Segment Action Code|Universal Service Identifier:CE|Start Date/Time:TS|Start "
     "Date/Time Offset|Start Date/Time Offset Units:CE|Duration|Duration Units:CE|Allow "
     "Substitution Code|Filler Status Code:CE|Placer Supplemental Service Information:CE|Filler "
     "Supplemental Service Information:CE"},
    {"AIG", "Appointment Information - General Resource",
     "Set ID|Segment Action Code|Resource ID:CE|Resource Type:CE|Resource Group:CE|Resource "
     "Quantity|Resource Quantity Units:CE|Start Date/Time:TS|Start Date/Time Offset|Start "
     "Date/Time Offset Units:CE|Duration|Duration Units:CE|Allow Substitution Code|Filler Status "
     "Code:CE"},
    {"AIL", "Appointment Information - Location Resource",
     "Set ID|Segment Action Code|Location Resource ID:PL|Location Type:CE|Location Group:CE|Start "
     "Date/Time:TS|Start Date/Time Offset|Start Date/Time Offset Units:CE|Duration|Duration "
     "Units:CE|Allow Substitution Code|Filler Status Code:CE"},
    {"AIP", "Appointment Information - Personnel Resource",
     "Set ID|Segment Action Code|Personnel Resource ID:XCN|Resource Type:CE|Resource "
     "Group:CE|Start Date/Time:TS|Start Date/Time Offset|Start Date/Time Offset "
     "Units:CE|Duration|Duration Units:CE|Allow Substitution Code|Filler Status Code:CE"},
    {"TXA", "Transcription Document Header",
     "Set ID|Document Type|Document Content Presentation|Activity Date/Time:TS|Primary Activity "
     "Provider:XCN|Origination Date/Time:TS|Transcription Date/Time:TS|Edit "
     "Date/Time:TS|Originator:XCN|Assigned Document Authenticator:XCN|Transcriptionist:XCN|Unique "
     "Document Number:EI|Parent Document Number:EI|Placer Order Number:EI|Filler Order "
     "Number:EI|Unique Document File Name|Document Completion Status|Document Confidentiality "
     "Status|Document Availability Status|Document Storage Status|Document Change "
     "Reason|Authentication Person, Time Stamp:PPN|Distributed Copies:XCN"},
    {"RF1", "Referral Information",
     "Referral Status:CE|Referral Priority:CE|Referral Type:CE|Referral Disposition:CE|Referral "
     "Category:CE|Originating Referral Identifier:EI|Effective Date:TS|Expiration Date:TS|Process "
     "Date:TS|Referral Reason:CE|External Referral Identifier:EI"},
    {"PRD", "Provider Data",
     "Provider Role:CE|Provider Name:XPN|Provider Address:XAD|Provider Location:PL|Provider "
     "Communication Information:XTN|Preferred Method of Contact:CE|Provider "
     "Identifiers:PLN|Effective Start Date of Provider Role:TS|Effective End Date of Provider "
     "Role:TS"},
    {"CTD", "Contact Data",
     "Contact Role:CE|Contact Name:XPN|Contact Address:XAD|Contact Location:PL|Contact "
     "Communication Information:XTN|Preferred Method of Contact:CE|Contact Identifiers:PLN"},
    {"MFI", "Master File Identification",
     "Master File Identifier:CE|Master File Application Identifier:HD|File-Level Event "
     "Code|Entered Date/Time:TS|Effective Date/Time:TS|Response Level Code"},
    {"MFE", "Master File Entry",
     "Record-Level Event Code|MFN Control ID|Effective Date/Time:TS|Primary Key Value|Primary Key "
     "Value Type"},
    {"MFA", "Master File Acknowledgment",
     "Record-Level Event Code|MFN Control ID|Event Completion Date/Time:TS|MFN Record Level Error "
     "Return:CE|Primary Key Value|Primary Key Value Type"},
    {"LOC", "Location Identification",
     "Primary Key Value:PL|Location Description|Location Type|Organization Name:XON|Location "
     "Address:XAD|Location Phone:XTN|License Number:CE|Location Equipment|Location Service Code"},
    {"LCH", "Location Characteristic",
     "Primary Key Value:PL|Segment Action Code|Segment Unique Key:EI|Location Characteristic "
     "ID:CE|Location Characteristic Value:CE"},
    {"LDP", "Location Department",
     "Primary Key Value:PL|Location Department:CE|Location Service|Specialty Type:CE|Valid Patient "
     "Classes|Active/Inactive Flag|Activation Date:TS|Inactivation Date:TS|Inactivated "
     "Reason|Visiting Hours|Contact Phone:XTN|Location Cost Center:CE"},
    {"STF", "Staff Identification",
     "Primary Key Value:CE|Staff Identifier List:CX|Staff Name:XPN|Staff Type|Administrative "
     "Sex|Date/Time of Birth:TS|Active/Inactive Flag|Department:CE|Hospital "
     "Service:CE|Phone:XTN|Office/Home Address:XAD|Institution Activation Date:DIN|Institution "
     "Inactivation Date:DIN|Backup Person ID:CE|E-Mail Address|Preferred Method of "
     "Contact:CE|Marital Status:CE|Job Title|Job Code/Class:JCC|Employment Status "
     "Code:CE|Additional Insured on Auto|Driver's License Number:DLN|Copy Auto Ins|Auto Ins "
     "Expires:DT|Date Last DMV Review:DT|Date Next DMV Review:DT|Race:CE|Ethnic "
     "Group:CE|Re-activation Approval Indicator|Citizenship:CE|Death Date and Time:TS|Death "
     "Indicator|Institution Relationship Type Code:CWE|Institution Relationship Period:DR|Expected "
     "Return Date:DT|Cost Center Code:CWE|Generic Classification Indicator|Inactive Reason "
     "Code:CWE"},
    {"PRA", "Practitioner Detail",
     "Primary Key Value:CE|Practitioner Group:CE|Practitioner Category|Provider "
     "Billing|Specialty|Practitioner ID Numbers:PLN|Privileges|Date Entered "
     "Practice:DT|Institution:CE|Date Left Practice:DT|Government Reimbursement Billing "
     "Eligibility:CE|Set ID"},
    {"MSA", "Message Acknowledgment",
     "Acknowledgment Code|Message Control ID|Text Message|Expected Sequence Number|Delayed "
     "Acknowledgment Type|Error Condition:CE"},
    {"ERR", "Error",
     "Error Code and Location:ELD|Error Location:ERL|HL7 Error Code:CWE|Severity|Application Error "
     "Code:CWE|Application Error Parameter|Diagnostic Information|User Message|Inform Person "
     "Indicator|Override Type:CWE|Override Reason Code:CWE|Help Desk Contact Point:XTN"},
    {"SFT", "Software",
     "Software Vendor Organization:XON|Software Certified Version|Software Product Name|Software "
     "Binary ID|Software Product Information|Software Install Date:TS"},
    {"DSC", "Continuation Pointer", "Continuation Pointer|Continuation Style"},
    {"FHS", "File Header",
     "File Field Separator|File Encoding Characters|File Sending Application:HD|File Sending "
     "Facility:HD|File Receiving Application:HD|File Receiving Facility:HD|File Creation "
     "Date/Time:TS|File Security|File Name/ID|File Header Comment|File Control ID|Reference File "
     "Control ID"},
    {"BHS", "Batch Header",
     "Batch Field Separator|Batch Encoding Characters|Batch Sending Application:HD|Batch Sending "
     "Facility:HD|Batch Receiving Application:HD|Batch Receiving Facility:HD|Batch Creation "
     "Date/Time:TS|Batch Security|Batch Name/ID/Type|Batch Comment|Batch Control ID|Reference "
     "Batch Control ID"},
    {"BTS", "Batch Trailer", "Batch Message Count|Batch Comment|Batch Totals"},
    {"FTS", "File Trailer", "File Batch Count|File Trailer Comment"},
    /* HL7 v2.8.2 */
    {"PRT", "Participation Information",
     "Participation Instance ID:EI|Action Code|Action Reason:CWE|Participation:CWE|Participation "
     "Person:XCN|Participation Person Provider Type:CWE|Participant Organization Unit "
     "Type:CWE|Participation Organization:XON|Participant Location:PL|Participation "
     "Device:EI|Participation Begin Date/Time:TS|Participation End Date/Time:TS|Participation "
     "Qualitative Duration:CWE|Participation Address:XAD|Participant Telecommunication "
     "Address:XTN|Participant Device Identifier:EI|Participant Device Manufacture "
     "Date:TS|Participant Device Expiry Date:TS|Participant Device Lot Number|Participant Device "
     "Serial Number|Participant Device Donation Identification:EI|Participation Device Type:CNE"},
    {"ARV", "Access Restriction",
     "Set ID|Access Restriction Action Code:CNE|Access Restriction Value:CWE|Access Restriction "
     "Reason:CWE|Special Access Restriction Instructions|Access Restriction Date Range:DR"},
    /* HL7 UK; numbers that are not named differ between systems. */
    {"ZU1", "Episode (HL7 UK)",
     "Decision to Admit|Intended Management||Consultant Episode Start|Consultant Episode End|Main "
     "Specialty||||Overseas Status|||Source of Referral||Referral Received|Referral "
     "Date||||Psychiatric Admission Status||Medically Fit||Ready for Discharge|Specialty of "
     "Borrowed Bed||NHS Number Tracing Status"},
    {"ZU3", "Attendance (HL7 UK)",
     "Location Type||Attended or Did Not|Outcome|Transport Need|||Appointment Type||||First "
     "Attendance|Cancelled By|Source"},
    {"ZU4", "Waiting List (HL7 UK)",
     "|Original Date||||To Come In Date|||Removal Reason||Offer Outcome||List Type"},
    {"ZU5", "Psychiatric Census (HL7 UK)",
     "|Legal Status on Admission|Legal Status Now||Detention Commenced|Ward Type"},
    {"ZU6", "Labour (HL7 UK)", ""},
    {"ZU7", "Birth (HL7 UK)", ""},
    {"ZU8", "Consent and Privacy (HL7 UK)",
     "Sexual Orientation|Detailed Care Record Consent|Summary Care Record Consent|Location Hiding"},
};

static const struct hl7_type_row hl7_type_rows[] = {
    {"AD", "Street Address|Other Designation|City|State or Province|Zip or Postal "
           "Code|Country|Address Type|Other Geographic Designation"},
    {"AUI", "Authorization Number|Date:DT|Source"},
    {"CCD", "Invocation Event|Date/Time:TS"},
    {"CE", "Identifier|Text|Name of Coding System|Alternate Identifier|Alternate Text|Name of "
           "Alternate Coding System"},
    {"CNE",
     "Identifier|Text|Name of Coding System|Alternate Identifier|Alternate Text|Name of Alternate "
     "Coding System|Coding System Version ID|Alternate Coding System Version ID|Original Text"},
    {"CNN", "ID Number|Family Name|Given Name|Second and Further Given "
            "Names|Suffix|Prefix|Degree|Source Table|Assigning Authority Namespace ID|Assigning "
            "Authority Universal ID|Assigning Authority Universal ID Type"},
    {"CP", "Price:MO|Price Type|From Value|To Value|Range Units:CE|Range Type"},
    {"CQ", "Quantity|Units:CE"},
    {"CWE",
     "Identifier|Text|Name of Coding System|Alternate Identifier|Alternate Text|Name of Alternate "
     "Coding System|Coding System Version ID|Alternate Coding System Version ID|Original Text"},
    {"CX", "ID Number|Check Digit|Check Digit Scheme|Assigning Authority:HD|Identifier Type "
           "Code|Assigning Facility:HD|Effective Date:DT|Expiration Date:DT|Assigning "
           "Jurisdiction:CWE|Assigning Agency or Department:CWE"},
    {"DIN", "Date:TS|Institution Name:CE"},
    {"DLD", "Discharge Location|Effective Date:TS"},
    {"DLN", "License Number|Issuing State, Province, Country|Expiration Date:DT"},
    {"DR", "Range Start:TS|Range End:TS"},
    {"DT", ""},
    {"EI", "Entity Identifier|Namespace ID|Universal ID|Universal ID Type"},
    {"EIP", "Placer Assigned Identifier:EI|Filler Assigned Identifier:EI"},
    {"ELD", "Segment ID|Segment Sequence|Field Position|Code Identifying Error:CE"},
    {"ERL", "Segment ID|Segment Sequence|Field Position|Field Repetition|Component "
            "Number|Sub-Component Number"},
    {"FC", "Financial Class Code|Effective Date:TS"},
    {"FN",
     "Surname|Own Surname Prefix|Own Surname|Surname Prefix from Partner|Surname from Partner"},
    {"HD", "Namespace ID|Universal ID|Universal ID Type"},
    {"JCC", "Job Code|Job Class|Job Description Text"},
    {"LA1", "Point of Care|Room|Bed|Facility:HD|Location Status|Patient Location "
            "Type|Building|Floor|Address:AD"},
    {"LA2", "Point of Care|Room|Bed|Facility:HD|Location Status|Patient Location "
            "Type|Building|Floor|Street Address|Other Designation|City|State or Province|Zip or "
            "Postal Code|Country|Address Type|Other Geographic Designation"},
    {"MO", "Quantity|Denomination"},
    {"MOC", "Monetary Amount|Charge Code:CE"},
    {"MSG", "Message Code|Trigger Event|Message Structure"},
    {"NDL", "Name:CNN|Start Date/Time:TS|End Date/Time:TS|Point of "
            "Care|Room|Bed|Facility:HD|Location Status|Patient Location Type|Building|Floor"},
    {"PL", "Point of Care|Room|Bed|Facility:HD|Location Status|Person Location "
           "Type|Building|Floor|Location Description|Comprehensive Location "
           "Identifier:EI|Assigning Authority:HD"},
    {"PLN", "ID Number|Type of ID Number|State/Other Qualifying Information|Expiration Date:DT"},
    {"PPN",
     "ID Number|Family Name:FN|Given Name|Second and Further Given "
     "Names|Suffix|Prefix|Degree|Source Table|Assigning Authority:HD|Name Type Code|Identifier "
     "Check Digit|Check Digit Scheme|Identifier Type Code|Assigning Facility:HD|Date/Time Action "
     "Performed:TS|Name Representation Code|Name Context:CE|Name Validity Range:DR|Name Assembly "
     "Order|Effective Date:TS|Expiration Date:TS|Professional Suffix|Assigning "
     "Jurisdiction:CWE|Assigning Agency or Department:CWE"},
    {"PRL", "Parent Observation Identifier:CE|Parent Observation Sub-Identifier|Parent Observation "
            "Value Descriptor"},
    {"PT", "Processing ID|Processing Mode"},
    {"SAD", "Street or Mailing Address|Street Name|Dwelling Number"},
    {"SPS", "Specimen Source Name or Code:CWE|Additives:CWE|Specimen Collection Method|Body "
            "Site:CWE|Site Modifier:CWE|Collection Method Modifier Code:CWE|Specimen Role:CWE"},
    {"SRT", "Sort-by Field|Sequencing"},
    {"TQ", "Quantity:CQ|Interval|Duration|Start Date/Time:TS|End "
           "Date/Time:TS|Priority|Condition|Text|Conjunction|Order Sequencing|Occurrence "
           "Duration:CE|Total Occurrences"},
    {"TS", "Time|Degree of Precision"},
    {"VID", "Version ID|Internationalization Code:CE|International Version ID:CE"},
    {"VR", "First Data Code Value|Last Data Code Value"},
    {"XAD", "Street Address:SAD|Other Designation|City|State or Province|Zip or Postal "
            "Code|Country|Address Type|Other Geographic Designation|County/Parish Code|Census "
            "Tract|Address Representation Code|Address Validity Range:DR|Effective "
            "Date:TS|Expiration Date:TS"},
    {"XCN", "ID Number|Family Name:FN|Given Name|Second and Further Given "
            "Names|Suffix|Prefix|Degree|Source Table|Assigning Authority:HD|Name Type "
            "Code|Identifier Check Digit|Check Digit Scheme|Identifier Type Code|Assigning "
            "Facility:HD|Name Representation Code|Name Context:CE|Name Validity Range:DR|Name "
            "Assembly Order|Effective Date:TS|Expiration Date:TS|Professional Suffix|Assigning "
            "Jurisdiction:CWE|Assigning Agency or Department:CWE"},
    {"XON", "Organization Name|Organization Name Type Code|ID Number|Check Digit|Check Digit "
            "Scheme|Assigning Authority:HD|Identifier Type Code|Assigning Facility:HD|Name "
            "Representation Code|Organization Identifier"},
    {"XPN", "Family Name:FN|Given Name|Second and Further Given Names|Suffix|Prefix|Degree|Name "
            "Type Code|Name Representation Code|Name Context:CE|Name Validity Range:DR|Name "
            "Assembly Order|Effective Date:TS|Expiration Date:TS|Professional Suffix"},
    {"XTN", "Telephone Number|Telecommunication Use Code|Telecommunication Equipment Type|Email "
            "Address|Country Code|Area/City Code|Local Number|Extension|Any Text|Extension "
            "Prefix|Speed Dial Code|Unformatted Telephone Number"},
};

#endif
