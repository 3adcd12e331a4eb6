-- Written by gammu-smsd and gammu-smsd-inject 1.42.0 (Debian 12), dumped by sqlite3.
BEGIN TRANSACTION;
CREATE TABLE gammu (
  Version INTEGER NOT NULL DEFAULT '0' PRIMARY KEY
);
INSERT INTO "gammu" VALUES(17);
CREATE TABLE inbox (
  UpdatedInDB NUMERIC NOT NULL DEFAULT (datetime('now')),
  ReceivingDateTime NUMERIC NOT NULL DEFAULT (datetime('now')),
  Text TEXT NOT NULL,
  SenderNumber TEXT NOT NULL DEFAULT '',
  Coding TEXT NOT NULL DEFAULT 'Default_No_Compression',
  UDH TEXT NOT NULL,
  SMSCNumber TEXT NOT NULL DEFAULT '',
  Class INTEGER NOT NULL DEFAULT '-1',
  TextDecoded TEXT NOT NULL DEFAULT '',
  ID INTEGER PRIMARY KEY AUTOINCREMENT,
  RecipientID TEXT NOT NULL,
  Processed TEXT NOT NULL DEFAULT 'false',
  Status INTEGER NOT NULL DEFAULT '-1',
  CHECK (Coding IN 
  ('Default_No_Compression','Unicode_No_Compression','8bit','Default_Compression','Unicode_Compression')) 
);
INSERT INTO "inbox" VALUES('2026-11-22 18:23:16','2026-11-22 18:23:11','0076006F006E00200061007500DF0065006E','+491701234567','Default_No_Compression','','+999010099',-1,'von außen',1,'','false',0);
CREATE TABLE outbox (
  UpdatedInDB NUMERIC NOT NULL DEFAULT (datetime('now')),
  InsertIntoDB NUMERIC NOT NULL DEFAULT (datetime('now')),
  SendingDateTime NUMERIC NOT NULL DEFAULT (datetime('now')),
  SendBefore time NOT NULL DEFAULT '23:59:59',
  SendAfter time NOT NULL DEFAULT '00:00:00',
  Text TEXT,
  DestinationNumber TEXT NOT NULL DEFAULT '',
  Coding TEXT NOT NULL DEFAULT 'Default_No_Compression',
  UDH TEXT,
  Class INTEGER DEFAULT '-1',
  TextDecoded TEXT NOT NULL DEFAULT '',
  ID INTEGER PRIMARY KEY AUTOINCREMENT,
  MultiPart TEXT NOT NULL DEFAULT 'false',
  RelativeValidity INTEGER DEFAULT '-1',
  SenderID TEXT,
  SendingTimeOut NUMERIC NOT NULL DEFAULT (datetime('now')),
  DeliveryReport TEXT DEFAULT 'default',
  CreatorID TEXT NOT NULL,
  Retries INTEGER DEFAULT '0',
  Priority INTEGER DEFAULT '0',
  Status TEXT NOT NULL DEFAULT 'Reserved',
  StatusCode INTEGER NOT NULL DEFAULT '-1',
  CHECK (Coding IN 
  ('Default_No_Compression','Unicode_No_Compression','8bit','Default_Compression','Unicode_Compression')),
  CHECK (DeliveryReport IN ('default','yes','no')),
  CHECK (Status IN 
  ('SendingOK','SendingOKNoReport','SendingError','DeliveryOK','DeliveryFailed','DeliveryPending',
  'DeliveryUnknown','Error','Reserved'))
);
INSERT INTO "outbox" VALUES('2026-11-22 18:23:36','2026-11-22 18:23:36','2026-11-22 18:23:36','23:59:59','00:00:00','0077006100720074006500740020006E006F00630068','015112345679','Default_No_Compression','',-1,'wartet noch',2,'FALSE',255,'','2026-11-22 18:23:36','default','Gammu 1.42.0',0,0,'Reserved',-1);
INSERT INTO "outbox" VALUES('2026-11-22 18:23:36','2026-11-22 18:23:36','2026-11-22 18:23:36','23:59:59','00:00:00','041F04400438043204350442002020AC','+4915112345680','Unicode_No_Compression','',-1,'Привет €',3,'FALSE',255,'','2026-11-22 18:23:36','default','Gammu 1.42.0',0,0,'Reserved',-1);
INSERT INTO "outbox" VALUES('2026-11-22 18:23:36','2026-11-22 18:23:36','2026-11-22 18:23:36','23:59:59','00:00:00','006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E','+4915112345681','Default_No_Compression','050003620201',-1,'lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lan',4,'TRUE',255,'','2026-11-22 18:23:36','default','Gammu 1.42.0',0,0,'Reserved',-1);
INSERT INTO "outbox" VALUES('2026-11-22 18:23:36','2026-11-22 18:23:36','2026-11-22 18:23:36','23:59:59','00:00:00','0066006C006100730068','+4915112345682','Default_No_Compression','',0,'flash',5,'FALSE',255,'','2026-11-22 18:23:36','default','Gammu 1.42.0',0,0,'Reserved',-1);
CREATE TABLE outbox_multipart (
  Text TEXT,
  Coding TEXT NOT NULL DEFAULT 'Default_No_Compression',
  UDH TEXT,
  Class INTEGER DEFAULT '-1',
  TextDecoded TEXT DEFAULT NULL,
  ID INTEGER,
  SequencePosition INTEGER NOT NULL DEFAULT '1',
  Status TEXT NOT NULL DEFAULT 'Reserved',
  StatusCode INTEGER NOT NULL DEFAULT '-1',
  CHECK (Coding IN 
  ('Default_No_Compression','Unicode_No_Compression','8bit','Default_Compression','Unicode_Compression')),
  CHECK (Status IN 
  ('SendingOK','SendingOKNoReport','SendingError','DeliveryOK','DeliveryFailed','DeliveryPending',
  'DeliveryUnknown','Error','Reserved')),
 PRIMARY KEY (ID, SequencePosition)
);
INSERT INTO "outbox_multipart" VALUES('00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020006C0061006E00670020','Default_No_Compression','050003620202',-1,'g lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang lang ',4,2,'Reserved',-1);
CREATE TABLE phones (
  ID TEXT NOT NULL,
  UpdatedInDB NUMERIC NOT NULL DEFAULT (datetime('now')),
  InsertIntoDB NUMERIC NOT NULL DEFAULT (datetime('now')),
  TimeOut NUMERIC NOT NULL DEFAULT (datetime('now')),
  Send TEXT NOT NULL DEFAULT 'no',
  Receive TEXT NOT NULL DEFAULT 'no',
  IMEI TEXT PRIMARY KEY NOT NULL,
  IMSI TEXT NOT NULL,
  NetCode TEXT DEFAULT 'ERROR',
  NetName TEXT DEFAULT 'ERROR',
  Client TEXT NOT NULL,
  Battery INTEGER NOT NULL DEFAULT -1,
  Signal INTEGER NOT NULL DEFAULT -1,
  Sent INTEGER NOT NULL DEFAULT 0,
  Received INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE sentitems (
  UpdatedInDB NUMERIC NOT NULL DEFAULT (datetime('now')),
  InsertIntoDB NUMERIC NOT NULL DEFAULT (datetime('now')),
  SendingDateTime NUMERIC NOT NULL DEFAULT (datetime('now')),
  DeliveryDateTime NUMERIC NULL,
  Text TEXT NOT NULL,
  DestinationNumber TEXT NOT NULL DEFAULT '',
  Coding TEXT NOT NULL DEFAULT 'Default_No_Compression',
  UDH TEXT NOT NULL,
  SMSCNumber TEXT NOT NULL DEFAULT '',
  Class INTEGER NOT NULL DEFAULT '-1',
  TextDecoded TEXT NOT NULL DEFAULT '',
  ID INTEGER,
  SenderID TEXT NOT NULL,
  SequencePosition INTEGER NOT NULL DEFAULT '1',
  Status TEXT NOT NULL DEFAULT 'SendingOK',
  StatusError INTEGER NOT NULL DEFAULT '-1',
  TPMR INTEGER NOT NULL DEFAULT '-1',
  RelativeValidity INTEGER NOT NULL DEFAULT '-1',
  CreatorID TEXT NOT NULL,
  StatusCode INTEGER NOT NULL DEFAULT '-1',
  CHECK (Status IN 
  ('SendingOK','SendingOKNoReport','SendingError','DeliveryOK','DeliveryFailed','DeliveryPending',
  'DeliveryUnknown','Error')),
  CHECK (Coding IN 
  ('Default_No_Compression','Unicode_No_Compression','8bit','Default_Compression','Unicode_Compression')) ,
  PRIMARY KEY (ID, SequencePosition)
);
INSERT INTO "sentitems" VALUES('2026-11-22 18:23:16','2026-11-22 18:23:11','2026-11-22 18:23:16',NULL,'0047007200FC00DF006500200076006F006D002000670061006D006D0075','+4915112345678','Default_No_Compression','','+999010099',-1,'Grüße vom gammu',1,'',1,'SendingOK',-1,0,255,'Gammu 1.42.0',-1);
CREATE TRIGGER update_inbox_time UPDATE ON inbox 
  BEGIN
    UPDATE inbox SET UpdatedInDB = datetime('now') WHERE ID = old.ID;
  END;
CREATE INDEX outbox_date ON outbox(SendingDateTime, SendingTimeOut);
CREATE INDEX outbox_sender ON outbox(SenderID);
CREATE TRIGGER update_outbox_time UPDATE ON outbox 
  BEGIN
    UPDATE outbox SET UpdatedInDB = datetime('now') WHERE ID = old.ID;
  END;
CREATE TRIGGER update_phones_time UPDATE ON phones 
  BEGIN
    UPDATE phones SET UpdatedInDB = datetime('now') WHERE IMEI = old.IMEI;
  END;
CREATE INDEX sentitems_date ON sentitems(DeliveryDateTime);
CREATE INDEX sentitems_tpmr ON sentitems(TPMR);
CREATE INDEX sentitems_dest ON sentitems(DestinationNumber);
CREATE INDEX sentitems_sender ON sentitems(SenderID);
CREATE TRIGGER update_sentitems_time UPDATE ON sentitems 
  BEGIN
    UPDATE sentitems SET UpdatedInDB = datetime('now') WHERE ID = old.ID;
  END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',5);
INSERT INTO "sqlite_sequence" VALUES('inbox',1);
COMMIT;
