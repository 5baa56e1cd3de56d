# ruff: noqa: E501 -- elements of the official formats stand on their lines as the files have them
"""Small lists in the official formats, with parties that do not exist."""

from __future__ import annotations

from compliance.screening.loaders import ListFile

RETRIEVED = "2026-11-29T06:00:00Z"
ETH = "0x52908400098527886E0F7030069857D2E4169EE7"
XBT = "1ExampLeAddressXqKdNnGoTnoTReaL"
BECH32 = "bc1qexampleexampleexampleexampleexample0"

SDN_XML = f"""<?xml version="1.0" encoding="utf-8"?>
<sdnList xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML">
  <publshInformation><Publish_Date>11/24/2026</Publish_Date><Record_Count>3</Record_Count></publshInformation>
  <sdnEntry>
    <uid>90001</uid><firstName>Oskar Immanuel</firstName><lastName>VANTERPOOLE</lastName><sdnType>Individual</sdnType>
    <programList><program>CYBER2</program><program>DPRK3</program></programList>
    <idList>
      <id><uid>1</uid><idType>Passport</idType><idNumber>QX 550-1172</idNumber><idCountry>Iran</idCountry></id>
      <id><uid>2</uid><idType>Digital Currency Address - ETH</idType><idNumber>{ETH}</idNumber></id>
      <id><uid>3</uid><idType>Gender</idType><idNumber/></id>
    </idList>
    <akaList>
      <aka><uid>4</uid><type>a.k.a.</type><category>strong</category><lastName>VANDERPOL</lastName><firstName>Oskar</firstName></aka>
      <aka><uid>5</uid><type>a.k.a.</type><category>weak</category><lastName>GREYHERON</lastName></aka>
    </akaList>
    <nationalityList><nationality><uid>6</uid><country>Iran</country><mainEntry>true</mainEntry></nationality></nationalityList>
    <dateOfBirthList><dateOfBirthItem><uid>7</uid><dateOfBirth>14 Mar 1969</dateOfBirth></dateOfBirthItem>
      <dateOfBirthItem><uid>8</uid><dateOfBirth>circa 1971</dateOfBirth></dateOfBirthItem></dateOfBirthList>
    <placeOfBirthList><placeOfBirthItem><uid>9</uid><placeOfBirth>Nowhere Bay</placeOfBirth></placeOfBirthItem></placeOfBirthList>
  </sdnEntry>
  <sdnEntry>
    <uid>90002</uid><lastName>QUORLITE MARITIME TRADING LLC</lastName><sdnType>Entity</sdnType>
    <remarks>Legal Entity Number 5299EXAMPLE000000017; alt. Digital Currency Address - XBT {XBT}.</remarks>
    <programList><program>IRAN</program></programList>
  </sdnEntry>
  <sdnEntry>
    <uid>90003</uid><lastName>BRINE PETREL</lastName><sdnType>Vessel</sdnType>
    <programList><program>IRAN</program></programList>
    <idList><id><uid>10</uid><idType>Vessel Registration Identification</idType><idNumber>IMO 9999901</idNumber></id></idList>
  </sdnEntry>
</sdnList>
"""

SDN_CSV = (
    '90001,"VANTERPOOLE, Oskar Immanuel","individual","CYBER2] [DPRK3",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    '"DOB 14 Mar 1969; alt. DOB circa 1971; POB Nowhere Bay; nationality Iran; Passport QX 550-1172 (Iran); '
    f'Digital Currency Address - ETH {ETH}; alt. Digital Curren"\n'
    '90002,"QUORLITE MARITIME TRADING LLC",-0- ,"IRAN",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'
    '90003,"BRINE PETREL","vessel","IRAN",-0- ,"EXMP1","Tug",-0- ,"212","Cuba",-0- ,'
    '"Vessel Registration Identification IMO 9999901."\n\x1a\n'
)
ALT_CSV = '90001,1,"aka","VANDERPOL, Oskar",-0- \n'
ADD_CSV = '90001,1,"1 Example Quay","Nowhere Bay","Iran",-0- \n90002,2,-0- ,-0- ,"Iran",-0- \n'
COMMENTS_CSV = f"90001,\"cy Address - XBT {XBT}; a.k.a. 'GREYHERON'.\"\n"

ADVANCED_XML = f"""<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ADVANCED_XML">
  <DateOfIssue CalendarTypeID="1"><Year>2026</Year><Month>11</Month><Day>24</Day></DateOfIssue>
  <ReferenceValueSets>
    <AliasTypeValues><AliasType ID="1400">A.K.A.</AliasType><AliasType ID="1403">Name</AliasType></AliasTypeValues>
    <CountryValues><Country ID="11" ISO2="IR">Iran</Country></CountryValues>
    <FeatureTypeValues>
      <FeatureType ID="8">Birthdate</FeatureType><FeatureType ID="9">Place of Birth</FeatureType>
      <FeatureType ID="10">Nationality Country</FeatureType><FeatureType ID="25">Location</FeatureType>
      <FeatureType ID="344">Digital Currency Address - XBT</FeatureType>
      <FeatureType ID="345">Digital Currency Address - ETH</FeatureType>
    </FeatureTypeValues>
    <IDRegDocTypeValues><IDRegDocType ID="1571">Passport</IDRegDocType></IDRegDocTypeValues>
    <PartySubTypeValues>
      <PartySubType ID="1" PartyTypeID="4">Vessel</PartySubType><PartySubType ID="3" PartyTypeID="2">Unknown</PartySubType>
      <PartySubType ID="4" PartyTypeID="1">Unknown</PartySubType>
    </PartySubTypeValues>
    <PartyTypeValues><PartyType ID="1">Individual</PartyType><PartyType ID="2">Entity</PartyType>
      <PartyType ID="4">Transport</PartyType></PartyTypeValues>
    <SanctionsTypeValues><SanctionsType ID="1">Program</SanctionsType><SanctionsType ID="1705">Block</SanctionsType></SanctionsTypeValues>
  </ReferenceValueSets>
  <Locations>
    <Location ID="500"><LocationCountry CountryID="11"/><LocationPart LocPartTypeID="1454">
      <LocationPartValue Primary="true"><Value>Nowhere Bay</Value></LocationPartValue></LocationPart></Location>
  </Locations>
  <IDRegDocuments>
    <IDRegDocument ID="700" IDRegDocTypeID="1571" IdentityID="91" IssuedBy-CountryID="11"><IDRegistrationNo>QX 550-1172</IDRegistrationNo></IDRegDocument>
  </IDRegDocuments>
  <DistinctParties>
    <DistinctParty FixedRef="90001"><Profile ID="90001" PartySubTypeID="4">
      <Identity ID="91" FixedRef="90001" Primary="true" False="false">
        <Alias AliasTypeID="1400" Primary="false" LowQuality="true"><DocumentedName ID="1">
          <DocumentedNamePart><NamePartValue ScriptID="215">GREYHERON</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
        <Alias AliasTypeID="1403" Primary="true" LowQuality="false">
          <DocumentedName ID="2"><DocumentedNamePart><NamePartValue ScriptID="215">VANTERPOOLE</NamePartValue></DocumentedNamePart>
            <DocumentedNamePart><NamePartValue ScriptID="215">Oskar Immanuel</NamePartValue></DocumentedNamePart></DocumentedName>
          <DocumentedName ID="3"><DocumentedNamePart><NamePartValue ScriptID="220">Вантерпуль</NamePartValue></DocumentedNamePart>
            <DocumentedNamePart><NamePartValue ScriptID="220">Оскар</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
      </Identity>
      <Feature ID="1" FeatureTypeID="8"><FeatureVersion ID="1" ReliabilityID="1"><DatePeriod CalendarTypeID="1">
        <Start Approximate="false"><From><Year>1969</Year><Month>3</Month><Day>14</Day></From><To><Year>1969</Year><Month>3</Month><Day>14</Day></To></Start>
        <End Approximate="false"><From><Year>1969</Year><Month>3</Month><Day>14</Day></From><To><Year>1969</Year><Month>3</Month><Day>14</Day></To></End>
      </DatePeriod></FeatureVersion></Feature>
      <Feature ID="2" FeatureTypeID="8"><FeatureVersion ID="2"><DatePeriod CalendarTypeID="1">
        <Start Approximate="true"><From><Year>1971</Year><Month>1</Month><Day>1</Day></From><To><Year>1971</Year><Month>1</Month><Day>1</Day></To></Start>
        <End Approximate="true"><From><Year>1971</Year><Month>12</Month><Day>31</Day></From><To><Year>1971</Year><Month>12</Month><Day>31</Day></To></End>
      </DatePeriod></FeatureVersion></Feature>
      <Feature ID="3" FeatureTypeID="9"><FeatureVersion ID="3"><VersionLocation LocationID="500"/></FeatureVersion></Feature>
      <Feature ID="4" FeatureTypeID="10"><FeatureVersion ID="4"><VersionLocation LocationID="500"/></FeatureVersion></Feature>
      <Feature ID="5" FeatureTypeID="345"><FeatureVersion ID="5"><VersionDetail DetailTypeID="1432">{ETH}</VersionDetail></FeatureVersion></Feature>
      <Feature ID="6" FeatureTypeID="344"><FeatureVersion ID="6"><VersionDetail DetailTypeID="1432">{XBT}</VersionDetail></FeatureVersion></Feature>
    </Profile></DistinctParty>
    <DistinctParty FixedRef="90002"><Profile ID="90002" PartySubTypeID="3"><Identity ID="92" Primary="true">
      <Alias AliasTypeID="1403" Primary="true" LowQuality="false"><DocumentedName ID="4"><DocumentedNamePart>
        <NamePartValue ScriptID="215">QUORLITE MARITIME TRADING LLC</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
    </Identity></Profile></DistinctParty>
    <DistinctParty FixedRef="90003"><Profile ID="90003" PartySubTypeID="1"><Identity ID="93" Primary="true">
      <Alias AliasTypeID="1403" Primary="true" LowQuality="false"><DocumentedName ID="5"><DocumentedNamePart>
        <NamePartValue ScriptID="215">BRINE PETREL</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
    </Identity></Profile></DistinctParty>
  </DistinctParties>
  <SanctionsEntries>
    <SanctionsEntry ID="1" ProfileID="90001" ListID="1550">
      <EntryEvent ID="1" EntryEventTypeID="1"><Date CalendarTypeID="1"><Year>2024</Year><Month>3</Month><Day>5</Day></Date></EntryEvent>
      <SanctionsMeasure ID="1" SanctionsTypeID="1705"><Comment/></SanctionsMeasure>
      <SanctionsMeasure ID="2" SanctionsTypeID="1"><Comment>CYBER2</Comment></SanctionsMeasure>
    </SanctionsEntry>
  </SanctionsEntries>
</Sanctions>
"""

UN_XML = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<CONSOLIDATED_LIST xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" dateGenerated="2026-11-27T00:00:09.554Z">
  <INDIVIDUALS>
    <INDIVIDUAL>
      <DATAID>7900001</DATAID><VERSIONNUM>1</VERSIONNUM>
      <FIRST_NAME>MURTADA</FIRST_NAME><SECOND_NAME>AL-KHAYALI</SECOND_NAME><THIRD_NAME>ZARQUN</THIRD_NAME>
      <UN_LIST_TYPE>Al-Qaida</UN_LIST_TYPE><REFERENCE_NUMBER>QDi.999</REFERENCE_NUMBER><LISTED_ON>2014-09-23</LISTED_ON>
      <NAME_ORIGINAL_SCRIPT>مرتضى الخيالي زرقون</NAME_ORIGINAL_SCRIPT>
      <NATIONALITY><VALUE>Syrian Arab Republic</VALUE></NATIONALITY>
      <LAST_DAY_UPDATED><VALUE>2016-10-13</VALUE><VALUE>2020-11-02</VALUE></LAST_DAY_UPDATED>
      <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Mortada Khayali</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Bookbinder</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1975-06-02</DATE></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1974</FROM_YEAR><TO_YEAR>1976</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1977</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE/></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_PLACE_OF_BIRTH><CITY>Nowhere</CITY><COUNTRY>Syrian Arab Republic</COUNTRY></INDIVIDUAL_PLACE_OF_BIRTH>
      <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>N00000417</NUMBER>
        <ISSUING_COUNTRY>Syrian Arab Republic</ISSUING_COUNTRY></INDIVIDUAL_DOCUMENT>
      <INDIVIDUAL_DOCUMENT/>
    </INDIVIDUAL>
  </INDIVIDUALS>
  <ENTITIES>
    <ENTITY>
      <DATAID>7900002</DATAID><FIRST_NAME>SALTMARSH RELIEF FOUNDATION</FIRST_NAME><UN_LIST_TYPE>Al-Qaida</UN_LIST_TYPE>
      <LISTED_ON>2015-01-05</LISTED_ON>
      <ENTITY_ALIAS><QUALITY>a.k.a.</QUALITY><ALIAS_NAME>Saltmarsh Fund</ALIAS_NAME></ENTITY_ALIAS>
    </ENTITY>
  </ENTITIES>
</CONSOLIDATED_LIST>
"""

EU_XML = """<?xml version="1.0" encoding="UTF-8"?>
<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-11-26T17:00:34.049+01:00" globalFileId="1">
  <sanctionEntity designationDate="2019-05-13" unitedNationId="" euReferenceNumber="EU.9001.1" logicalId="9001">
    <regulation programme="UKR" publicationDate="2022-02-27" numberTitle="2022/1 (OJ L1)"/>
    <subjectType code="person" classificationCode="P"/>
    <nameAlias firstName="Evgeniy" lastName="Stolbunov" wholeName="Evgeniy Arkadevich STOLBUNOV" strong="true" logicalId="1"/>
    <nameAlias wholeName="Евгений Аркадьевич СТОЛБУНОВ" nameLanguage="RU" strong="true" logicalId="2"/>
    <nameAlias wholeName="Zhenya Dyatel" strong="false" logicalId="3"/>
    <citizenship countryIso2Code="RU" countryDescription="RUSSIAN FEDERATION"/>
    <citizenship countryIso2Code="00" countryDescription="UNKNOWN"/>
    <birthdate circa="false" year="1961" monthOfYear="11" dayOfMonth="9" birthdate="1961-11-09" city="Nowhereburg" countryDescription="UNKNOWN"/>
    <birthdate circa="false" yearRangeFrom="1960" yearRangeTo="1962"/>
    <identification number="75 0000417" identificationTypeCode="passport" identificationTypeDescription="National passport" countryIso2Code="RU"/>
  </sanctionEntity>
  <sanctionEntity designationDate="" euReferenceNumber="EU.9002.1" logicalId="9002">
    <regulation programme="SYR" publicationDate="2020-02-17"/>
    <subjectType code="enterprise" classificationCode="E"/>
    <nameAlias wholeName="Ploverfield Holding GmbH" strong="true" logicalId="4"/>
  </sanctionEntity>
</export>
"""

EU_CSV = (
    "\ufefffileGenerationDate;Entity_LogicalId;Entity_EU_ReferenceNumber;Entity_DesignationDate;Entity_SubjectType;"
    "Entity_SubjectType_ClassificationCode;Entity_Regulation_PublicationDate;Entity_Regulation_Programme;NameAlias_WholeName;"
    "BirthDate_BirthDate;BirthDate_Year;BirthDate_City;Identification_Number;Identification_TypeDescription;"
    "Identification_CountryIso2Code;Citizenship_CountryIso2Code\n"
    "26/11/2026;9001;EU.9001.1;2019-05-13;P;person;2022-02-27;UKR;Evgeniy Arkadevich STOLBUNOV;;;;;;;\n"
    "26/11/2026;9001;EU.9001.1;2019-05-13;P;person;2022-02-27;UKR;Евгений Аркадьевич СТОЛБУНОВ;;;;;;;\n"
    "26/11/2026;9001;EU.9001.1;2019-05-13;P;person;2022-02-27;UKR;;09/11/1961;1961;Nowhereburg;;;;\n"
    "26/11/2026;9001;EU.9001.1;2019-05-13;P;person;2022-02-27;UKR;;;;;75 0000417;National passport;RU;\n"
    "26/11/2026;9001;EU.9001.1;2019-05-13;P;person;2022-02-27;UKR;;;;;;;;RU\n"
    '26/11/2026;9002;EU.9002.1;;E;enterprise;2020-02-17;SYR;"Ploverfield Holding GmbH";;;;;;;\n'
)

CSV_NAMES = ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")


def sdn_csv_set(**changed: str) -> list[ListFile]:
    """The four CSV files; a text may be put in another's place by its name without ending."""
    texts = {"sdn": SDN_CSV, "alt": ALT_CSV, "add": ADD_CSV, "sdn_comments": COMMENTS_CSV, **changed}
    return [ListFile(f"{name}.csv", text.encode()) for name, text in texts.items()]


def sdn_xml(text: str = SDN_XML) -> ListFile:
    return ListFile("SDN.XML", text.encode())


def un_xml(text: str = UN_XML) -> ListFile:
    return ListFile("consolidated.xml", text.encode())


def eu_xml(text: str = EU_XML) -> ListFile:
    return ListFile("20261126-FULL-1_1.xml", text.encode())
